//! A body that says after how many milliseconds it is to be retried.

use std::time::Duration;
use stepwell::{Context, Function, Result, RetryAfterError};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a11", later).on("a11/go")]
}

async fn later(Context { event, attempt, .. }: Context) -> Result<()> {
    match (attempt, event.data["ms"].as_u64()) {
        (0, Some(ms)) => Err(RetryAfterError::new("later", Duration::from_millis(ms)).into()),
        _ => Ok(()),
    }
}
