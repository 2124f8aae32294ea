//! A failure handler that always fails.

use stepwell::{Context, Error, FailureContext, Function, NonRetriableError, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("f1", fail).on("f1/go").retries(7).on_failure(fail_too)]
}

async fn fail(_: Context) -> Result<()> {
    Err(NonRetriableError::new("x").into())
}

async fn fail_too(FailureContext { attempt, max_attempts, .. }: FailureContext) -> Result<()> {
    Err(Error::msg(format!("attempt {attempt} of {max_attempts}")))
}
