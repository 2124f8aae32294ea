//! A function that is paused while a run of it sleeps.

use std::time::Duration;
use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g19", nap).on("g19/go"),
    ]
}

async fn nap(Context { event, step, .. }: Context) -> Result<()> {
    step.sleep("nap", Duration::from_secs(event.data["nap"].as_u64().unwrap_or(20))).await?;
    Ok(())
}
