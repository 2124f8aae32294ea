//! An error with a code and fields of its own.

use serde_json::{Value, json};
use stepwell::{Context, Error, FailureContext, Function, Result, Trigger};

pub fn functions() -> Vec<Function> {
    let failed = Trigger::event("inngest/function.failed").when("event.data.function_id == 'app-a22'");
    vec![
        Function::new("a22", fail).on("a22/go").retries(0).on_failure(report),
        Function::new("a22-listener", listen).on(failed),
    ]
}

async fn fail(_: Context) -> Result<()> {
    Err(Error::new("Custom", "bad").with_code("E1").with_details(&json!({ "extra": 1 })))
}

async fn report(FailureContext { error, .. }: FailureContext) -> Result<Value> {
    Ok(json!({ "name": error.name, "code": error.code, "details": error.details }))
}

async fn listen(Context { event, .. }: Context) -> Result<Value> {
    let (error, result) = (&event.data["error"], &event.data["result"]);
    Ok(json!({ "error.code": error["code"], "error.details": error["details"], "result.code": result["code"] }))
}
