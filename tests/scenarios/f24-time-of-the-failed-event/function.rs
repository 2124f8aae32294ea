//! A run that fails ten seconds after its event.

use serde_json::{Value, json};
use std::time::Duration;
use stepwell::{Context, FailureContext, Function, Result, RetryAfterError};

pub fn functions() -> Vec<Function> {
    vec![Function::new("f24", fail).on("f24/go").retries(1).on_failure(report)]
}

async fn fail(_: Context) -> Result<()> {
    Err(RetryAfterError::new("x", Duration::from_secs(10)).into())
}

async fn report(FailureContext { event, failed, .. }: FailureContext) -> Result<Value> {
    let ms_later = (event.ts - event.data.event.ts) as u64;
    Ok(json!({ "ms_later": ms_later, "has_id_of_run": event.id == failed.run_id }))
}
