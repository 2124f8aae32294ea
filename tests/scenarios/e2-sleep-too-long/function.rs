//! A sleep of 400 days.

use std::time::Duration;
use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("e2", hibernate).on("e2/go")]
}

async fn hibernate(Context { step, .. }: Context) -> Result<()> {
    Ok(step.sleep("nap", Duration::from_secs(400 * 24 * 3_600)).await?)
}
