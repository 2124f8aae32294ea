//! Two steps that fail, and a body that ends with the error of the first.

use stepwell::{Context, Error, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c8", older).on("c8/go").retries(1)]
}

async fn older(Context { step, .. }: Context) -> Result<()> {
    let a: Result<(), _> = step.run("a", || Err(Error::msg("ea"))).await;
    let _: Result<(), _> = step.run("b", || Err(Error::msg("eb"))).await;
    Ok(a?)
}
