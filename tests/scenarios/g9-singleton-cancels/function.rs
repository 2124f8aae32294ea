//! A singleton that cancels.

use std::time::Duration;
use stepwell::{Context, FailureContext, Function, Result, Singleton};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g9", nap)
            .on("g9/go")
            .singleton(Singleton::cancel())
            .on_failure(async |_: FailureContext| Ok("a cancelled run is no failed run")),
    ]
}

async fn nap(Context { event, step, .. }: Context) -> Result<()> {
    step.sleep("nap", Duration::from_secs(event.data["nap"].as_u64().unwrap_or(20))).await?;
    Ok(())
}
