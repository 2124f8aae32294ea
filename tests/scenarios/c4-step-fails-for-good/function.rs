//! A step that always fails, and a body that lets its error pass.

use serde_json::{Value, json};
use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c4", save).on("c4/go").retries(2).on_failure(report)]
}

async fn save(Context { step, .. }: Context) -> Result<()> {
    Ok(step.run("a", || Err(Error::msg("se"))).await?)
}

async fn report(FailureContext { error, .. }: FailureContext) -> Result<Value> {
    Ok(json!({ "message": error.message, "step": error.step.map(|key| key.id), "attempt": error.attempt }))
}
