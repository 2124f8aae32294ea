//! Waits that nothing can ever answer.

use std::time::Duration;
use stepwell::{Context, Function, Result, WaitFor};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("e10", no_expression).on("e10/go").retries(3),
        Function::new("e10-name", no_such_name).on("e10/go-name").retries(3),
        Function::new("e10-long", too_long).on("e10/go-long").retries(3),
    ]
}

async fn no_expression(Context { step, .. }: Context) -> Result<()> {
    step.wait_for_event::<serde_json::Value, _>("w", WaitFor::event("e10/x").when("async.data.a ===")).await?;
    Ok(())
}

async fn no_such_name(Context { step, .. }: Context) -> Result<()> {
    step.wait_for_event::<serde_json::Value, _>("w", WaitFor::event("e10/x").when("invalid")).await?;
    Ok(())
}

async fn too_long(Context { step, .. }: Context) -> Result<()> {
    let wait = WaitFor::event("e10/x").timeout(Duration::from_secs(400 * 24 * 3_600));
    step.wait_for_event::<serde_json::Value, _>("w", wait).await?;
    Ok(())
}
