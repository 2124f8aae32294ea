//! A body that always asks to be retried a minute later, with one retry.

use std::time::Duration;
use stepwell::{Context, Function, Result, RetryAfterError};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a15", later).on("a15/go").retries(1)]
}

async fn later(_: Context) -> Result<()> {
    Err(RetryAfterError::new("busy", Duration::from_secs(60)).into())
}
