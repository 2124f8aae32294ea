//! A function of which one run may be under way, and which has to begin within ten seconds.

use std::time::Duration;
use stepwell::{Concurrency, Context, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g5", nap)
            .on("g5/go")
            .run_concurrency(Concurrency::new(1))
            .start_within(Duration::from_secs(10))
            .on_failure(async |_: FailureContext| Ok("a cancelled run is no failed run")),
    ]
}

async fn nap(Context { event, step, .. }: Context) -> Result<()> {
    step.sleep("nap", Duration::from_secs(event.data["nap"].as_u64().unwrap_or(20))).await?;
    Ok(())
}
