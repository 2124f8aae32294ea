//! Listens to the end of `app-b1`.

use serde_json::{Value, json};
use stepwell::{Context, Function, Result, Trigger};

pub fn functions() -> Vec<Function> {
    let trigger = Trigger::event("inngest/function.finished").when("event.data.function_id == 'app-b1'");
    vec![Function::new("b1-finished", report).on(trigger)]
}

async fn report(Context { event, .. }: Context) -> Result<Value> {
    Ok(json!({ "result": event.data["result"], "has_result": event.data.get("result").is_some() }))
}
