//! Listens to the end of `app-f12`, and fails where that run's event says so.

use serde_json::Value;
use stepwell::{Context, Function, NonRetriableError, Result, Trigger};

pub fn functions() -> Vec<Function> {
    let finished = Trigger::event("inngest/function.finished").when("event.data.function_id == 'app-f12'");
    vec![Function::new("f12-listener", listen).on(finished)]
}

async fn listen(Context { event, .. }: Context) -> Result<Value> {
    if event.data["event"]["data"]["fail_listener"] == true {
        return Err(NonRetriableError::new("told to, too").into());
    }
    Ok(event.data["_inngest"]["status"].clone())
}
