//! Two functions that fail, one of them with a failure handler that fails as well.

use stepwell::{Context, Error, FailureContext, Function, NonRetriableError, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("f11", async |_: Context| Err::<(), _>(Error::msg("one")))
            .on("f11/go")
            .retries(0)
            .on_failure(fail),
        Function::new("f11-other", async |_: Context| Err::<(), _>(Error::msg("two"))).on("f11-other/go").retries(0),
    ]
}

async fn fail(_: FailureContext) -> Result<()> {
    Err(NonRetriableError::new("the handler, too").into())
}
