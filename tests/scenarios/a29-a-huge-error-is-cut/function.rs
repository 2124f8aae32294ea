//! An error with a message that no one wants to have.

use serde_json::{Value, json};
use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a29", fail).on("a29/go").retries(0).on_failure(report)]
}

async fn fail(_: Context) -> Result<()> {
    Err(Error::msg("x".repeat(9 << 20)))
}

async fn report(FailureContext { error, .. }: FailureContext) -> Result<Value> {
    let end = error.message.find("… [").map(|at| &error.message[at - 1..]);
    Ok(json!({ "bytes": error.message.len(), "end": end }))
}
