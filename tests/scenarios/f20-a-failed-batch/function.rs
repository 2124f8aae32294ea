//! A function that takes three events and fails.

use std::time::Duration;
use stepwell::{Batch, Context, FailureContext, Function, NonRetriableError, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("f20", fails)
            .on("f20/go")
            .batch(Batch::new(3, Duration::from_secs(10)))
            .on_failure(async |failure: FailureContext| Ok(failure.event.data.events.len())),
    ]
}

async fn fails(_: Context) -> Result<()> {
    Err(NonRetriableError::new("no use").into())
}
