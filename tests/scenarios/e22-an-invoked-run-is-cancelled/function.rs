//! A function that invokes one that sleeps.

use serde_json::{Value, json};
use std::time::Duration;
use stepwell::{Context, Function, Invoke, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("e22", call).on("e22/go"), Function::new("e22-callee", sleep)]
}

async fn call(Context { step, .. }: Context) -> Result<Value> {
    let error = step.invoke::<Value, _>("call", Invoke::function("e22-callee")).await.expect_err("it is cancelled");
    Ok(json!([error.name, error.message, error.code, error.details]))
}

async fn sleep(Context { step, .. }: Context) -> Result<()> {
    Ok(step.sleep("nap", Duration::from_secs(60)).await?)
}
