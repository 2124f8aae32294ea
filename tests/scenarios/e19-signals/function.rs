//! Functions that wait for a signal, and one that sends it.

use std::time::Duration;
use serde_json::{Value, json};
use stepwell::{Context, Function, Result, WaitForSignal};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("e19", wait).on("e19/go").retries(2),
        Function::new("e19-replaces", wait_instead).on("e19/go-instead"),
        Function::new("e19-sends", send).on("e19/send").retries(1),
    ]
}

fn minute() -> WaitForSignal {
    WaitForSignal::named("approved").timeout(Duration::from_secs(60))
}

async fn wait(Context { step, .. }: Context) -> Result<Option<Value>> {
    Ok(step.wait_for_signal("approval", minute()).await?)
}

async fn wait_instead(Context { step, .. }: Context) -> Result<Option<Value>> {
    Ok(step.wait_for_signal("approval", minute().replacing()).await?)
}

async fn send(Context { step, attempt, .. }: Context) -> Result<bool> {
    let receiver = step.send_signal("approve", "approved", json!({ "by": "Ada" })).await?;
    if attempt == 0 {
        return Err(stepwell::Error::msg("once more"));
    }
    Ok(receiver.is_some())
}
