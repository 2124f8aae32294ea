//! A function that fails, and whose handler tries it once more, up to three times in all.

use serde_json::{Value, json};
use stepwell::{Context, Error, FailureContext, Function, Invoke, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("f27", fail).on("f27/go").retries(0).on_failure(try_again)]
}

async fn fail(Context { event, .. }: Context) -> Result<()> {
    Err(Error::msg(format!("try {} fails", event.data["try"])))
}

async fn try_again(FailureContext { event, step, .. }: FailureContext) -> Result<String> {
    let tried = event.data.event.data["try"].as_u64().unwrap_or_default();
    if tried == 3 {
        return Ok("given up".into());
    }
    let again = Invoke::function("f27").data(json!({ "try": tried + 1 }));
    Ok(match step.invoke::<Value, _>("again", again).await {
        Ok(_) => "it works".into(),
        Err(error) => format!("again: {error}"),
    })
}
