//! A function of which one run may execute at once.

use std::time::Duration;
use stepwell::{Concurrency, Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g17", steps).on("g17/go").concurrency(Concurrency::new(1)),
    ]
}

async fn steps(Context { step, .. }: Context) -> Result<()> {
    step.run("before", || Ok(())).await?;
    step.sleep("nap", Duration::from_secs(10)).await?;
    step.run("behind", || Ok(())).await?;
    Ok(())
}
