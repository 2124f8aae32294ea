//! A failure handler that tells what it was given.

use serde_json::{Value, json};
use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("f2", fail).on("f2/go").retries(0).on_failure(report)]
}

async fn fail(_: Context) -> Result<()> {
    Err(Error::msg("x"))
}

async fn report(FailureContext { event, failed, run_id, .. }: FailureContext) -> Result<Value> {
    Ok(json!({
        "event": event.name,
        "function": event.data.function_id,
        "original": (event.data.event.name, event.data.event.data),
        "has_own_run_id": run_id != failed.run_id,
        "same_run_id": event.data.run_id == failed.run_id,
    }))
}
