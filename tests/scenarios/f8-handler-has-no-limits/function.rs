//! Functions with all kinds of limits, which fail, and a handler that sleeps.

use std::time::Duration;
use stepwell::{Concurrency, Context, FailureContext, Function, NonRetriableError, Result, Singleton, Throttle, WaitFor};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("f8", fails)
            .on("f8/go")
            .throttle(Throttle::new(1, Duration::from_secs(60)))
            .run_concurrency(Concurrency::new(1))
            .singleton(Singleton::skip().key("event.data.lock"))
            .cancel_on(WaitFor::event("f8/stop"))
            .start_within(Duration::from_secs(600))
            .on_failure(handle),
    ]
}

async fn fails(_: Context) -> Result<()> {
    Err(NonRetriableError::new("no use").into())
}

async fn handle(FailureContext { step, .. }: FailureContext) -> Result<()> {
    step.sleep("nap", Duration::from_secs(90)).await?;
    Ok(())
}
