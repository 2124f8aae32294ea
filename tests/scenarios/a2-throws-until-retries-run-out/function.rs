//! A body that always fails, with two retries.

use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a2", fail).on("a2/go").retries(2).on_failure(report)]
}

async fn fail(Context { attempt, max_attempts, log, .. }: Context) -> Result<()> {
    log.info(format!("attempt {attempt} of {max_attempts}"));
    Err(Error::msg(format!("x{attempt}")))
}

async fn report(FailureContext { error, .. }: FailureContext) -> Result<String> {
    Ok(format!("{error}, attempt {}", error.attempt))
}
