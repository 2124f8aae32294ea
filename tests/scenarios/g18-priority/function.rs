//! A function of which one run may be under way, with priorities.

use std::time::Duration;
use stepwell::{Concurrency, Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g18", nap).on("g18/go").run_concurrency(Concurrency::new(1)).priority("event.data.priority"),
    ]
}

async fn nap(Context { event, step, .. }: Context) -> Result<()> {
    step.sleep("nap", Duration::from_secs(event.data["nap"].as_u64().unwrap_or(20))).await?;
    Ok(())
}
