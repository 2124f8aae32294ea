//! A failure handler that gives up at once.

use stepwell::{Context, Error, FailureContext, Function, NonRetriableError, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("f7", async |_: Context| Err::<(), _>(Error::msg("x"))).on("f7/go").retries(0).on_failure(alert)]
}

async fn alert(_: FailureContext) -> Result<()> {
    Err(NonRetriableError::new("no team to tell").into())
}
