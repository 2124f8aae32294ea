//! A function that may take ten seconds: asleep, between attempts, and in a step that ends behind that time.

use std::time::Duration;
use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    let seconds = Duration::from_secs(10);
    vec![
        Function::new("g6", sleep)
            .on("g6/go")
            .finish_within(seconds)
            .on_failure(async |_: FailureContext| Ok("a cancelled run is no failed run")),
        Function::new("g6-fails", async |_: Context| Err::<(), _>(Error::msg("not yet"))).on("g6/go-fails").finish_within(seconds),
        Function::new("g6-quick", async |Context { step, .. }: Context| Ok(step.run("a", || Ok(1)).await?))
            .on("g6/go-quick")
            .finish_within(seconds),
    ]
}

async fn sleep(Context { step, .. }: Context) -> Result<()> {
    step.run("before", || Ok(())).await?;
    step.sleep("nap", Duration::from_secs(600)).await?;
    Ok(())
}
