//! Listens to the end of `app-a5`.

use serde_json::{Value, json};
use stepwell::{Context, Function, Result, Trigger};

pub fn functions() -> Vec<Function> {
    let trigger = Trigger::event("inngest/function.finished").when("event.data.function_id == 'app-a5'");
    vec![Function::new("a5-finished", report).on(trigger)]
}

async fn report(Context { event, .. }: Context) -> Result<Value> {
    Ok(json!({
        "status": event.data["_inngest"]["status"],
        "result": event.data["result"],
        "has_error": event.data.get("error").is_some(),
    }))
}
