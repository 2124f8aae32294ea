//! A function with a handler that sleeps for an hour, with a step before and behind.

use std::time::Duration;
use stepwell::{Context, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g1", sleep_long)
            .on("g1/go")
            .on_failure(async |_: FailureContext| Ok("a cancelled run is no failed run")),
    ]
}

async fn sleep_long(Context { step, .. }: Context) -> Result<()> {
    step.run("before", || Ok(())).await?;
    step.sleep("nap", Duration::from_secs(3_600)).await?;
    step.run("behind", || Ok(())).await?;
    Ok(())
}
