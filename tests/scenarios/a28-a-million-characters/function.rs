//! An error with a long message.

use serde_json::{Value, json};
use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a28", fail).on("a28/go").retries(0).on_failure(report)]
}

async fn fail(_: Context) -> Result<()> {
    Err(Error::msg("x".repeat(1_000_000)))
}

async fn report(FailureContext { error, event, .. }: FailureContext) -> Result<Value> {
    Ok(json!({ "error": error.message.len(), "event": event.data.error.message.len() }))
}
