//! A body that fails, with no retries: the handler gets the error.

use serde_json::{Value, json};
use stepwell::{Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("a1", async |_: stepwell::Context| Err::<(), _>(Error::msg("x")))
            .on("a1/go")
            .retries(0)
            .on_failure(report),
    ]
}

async fn report(FailureContext { error, event, failed, .. }: FailureContext) -> Result<Value> {
    Ok(json!({
        "name": error.name,
        "message": error.message,
        "has_stack": error.stack.is_some_and(|stack| !stack.is_empty()),
        "event_id_is_run_id": event.id == failed.run_id,
    }))
}
