//! A listener to the end of what was invoked: its event names the operation that waits for it.

use serde_json::json;
use stepwell::{Context, Function, Result, Trigger};

pub fn functions() -> Vec<Function> {
    let invoked = Trigger::event("inngest/function.finished").when("event.data.function_id == 'app-e11-double'");
    vec![Function::new("e11-ends", tell).on(invoked)]
}

async fn tell(Context { event, .. }: Context) -> Result<serde_json::Value> {
    let correlation = event.data["correlation_id"].as_str().unwrap_or("none");
    let operation = correlation.split_once('.').map(|(_, operation)| operation);
    Ok(json!({ "status": event.data["_inngest"]["status"], "operation": operation }))
}
