//! A function that invokes another twice in a minute, which may be started once.

use std::time::Duration;

use stepwell::{Context, Function, Invoke, RateLimit, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("e15", invoke_twice).on("e15/go"),
        Function::new("e15-callee", async |_: Context| Ok("called")).rate_limit(RateLimit::new(1, Duration::from_secs(60))),
    ]
}

async fn invoke_twice(Context { step, .. }: Context) -> Result<String> {
    let first: String = step.invoke("first", Invoke::function("e15-callee")).await?;
    match step.invoke::<String, _>("second", Invoke::function("e15-callee")).await {
        Ok(second) => Ok(format!("{first}, {second}")),
        Err(error) => Ok(format!("{first}, then {}: {error} ({})", error.name, error.code.as_deref().unwrap_or("no code"))),
    }
}
