//! Functions that invoke others: one that returns, one that fails, one that takes too long, one that is not there.

use std::time::Duration;
use serde_json::json;
use stepwell::{Context, Error, FailureContext, Function, Invoke, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("e11", invoke).on("e11/go"),
        Function::new("e11-fails", invoke_what_fails).on("e11/go-fails").retries(2),
        Function::new("e11-late", invoke_what_is_late).on("e11/go-late"),
        Function::new("e11-unknown", invoke_what_is_not_there).on("e11/go-unknown").retries(2),
        Function::new("e11-double", async |Context { event, step, .. }: Context| {
            step.sleep("think", Duration::from_secs(30)).await?;
            Ok(event.data["n"].as_u64().unwrap_or_default() * 2)
        }),
        Function::new("e11-bad", async |_: Context| Err::<(), _>(Error::new("BadError", "no good").with_code("E_BAD")))
            .retries(0)
            .on_failure(async |_: FailureContext| Ok("handled")),
    ]
}

async fn invoke(Context { step, .. }: Context) -> Result<u64> {
    Ok(step.invoke("double", Invoke::function("app-e11-double").data(json!({ "n": 21 }))).await?)
}

/// Caught: the caller completes.
async fn invoke_what_fails(Context { step, .. }: Context) -> Result<String> {
    match step.invoke::<(), _>("bad", Invoke::function("e11-bad")).await {
        Ok(()) => Ok("it did not fail".into()),
        Err(error) => Ok(format!("{}: {}", error.name, error)),
    }
}

/// Not caught: the caller fails at once.
async fn invoke_what_is_late(Context { step, .. }: Context) -> Result<u64> {
    let invoke = Invoke::function("e11-double").data(json!({ "n": 1 })).timeout(Duration::from_secs(5));
    Ok(step.invoke("double", invoke).await?)
}

async fn invoke_what_is_not_there(Context { step, .. }: Context) -> Result<()> {
    Ok(step.invoke("nobody", Invoke::function("app-nobody")).await?)
}
