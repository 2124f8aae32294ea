//! A failure handler that sleeps for an hour between two steps.

use std::time::Duration;
use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("f25", async |_: Context| Err::<(), _>(Error::msg("x")))
            .on("f25/go")
            .retries(0)
            .on_failure(handle),
    ]
}

async fn handle(FailureContext { step, .. }: FailureContext) -> Result<String> {
    let a: String = step.run("a", || Ok("a".into())).await?;
    step.sleep("nap", Duration::from_secs(3_600)).await?;
    let b = step.run("b", || Ok(format!("{a}b"))).await?;
    Ok(b)
}
