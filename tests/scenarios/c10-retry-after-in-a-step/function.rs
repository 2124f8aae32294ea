//! A step that asks to be retried ten minutes later.

use std::time::Duration;
use stepwell::{Context, Function, Result, RetryAfterError};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c10", save).on("c10/go")]
}

async fn save(Context { step, .. }: Context) -> Result<u32> {
    let saved = step.run_with("a", |attempt| match attempt.number {
        0 => Err(RetryAfterError::new("busy", Duration::from_secs(600)).into()),
        number => Ok(number),
    });
    Ok(saved.await?)
}
