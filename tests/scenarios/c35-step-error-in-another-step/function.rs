//! A step that ends with the error of another one.

use stepwell::{Context, Error, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c35", again).on("c35/go").retries(1)]
}

async fn again(Context { step, .. }: Context) -> Result<String> {
    let a: Result<(), _> = step.run("a", || Err(Error::msg("ea"))).await;
    let error = a.expect_err("it fails");
    let b: Result<(), _> = step.run("b", || Err(error.into())).await;
    Ok(format!("b: {}", b.expect_err("it fails").message))
}
