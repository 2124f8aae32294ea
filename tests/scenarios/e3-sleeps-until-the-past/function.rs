//! Sleeps until a time that is over, until right now, and until one to come.

use std::time::{Duration, SystemTime};
use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("e3", sleep).on("e3/go")]
}

async fn sleep(Context { step, .. }: Context) -> Result<&'static str> {
    step.sleep_until("long ago", SystemTime::UNIX_EPOCH + Duration::from_secs(1)).await?;
    step.sleep_until("an hour ago", SystemTime::now() - Duration::from_secs(3_600)).await?;
    step.sleep_until("now", SystemTime::now()).await?;
    step.sleep_until("in a minute", SystemTime::now() + Duration::from_secs(60)).await?;
    Ok("awake")
}
