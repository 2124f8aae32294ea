//! A step with a large result, and a body that would catch its error.

use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c29", big).on("c29/go").retries(1)]
}

async fn big(Context { step, .. }: Context) -> Result<String> {
    let big = step.run("big", || Ok("x".repeat(5 << 20))).await;
    Ok(big.map_or_else(|_| "caught".to_owned(), |_| "never".to_owned()))
}
