//! A step that fails for good, and a sleep beside it.

use std::time::Duration;
use stepwell::{Context, Function, NonRetriableError, Result, try_join};

pub fn functions() -> Vec<Function> {
    vec![Function::new("d11", both).on("d11/go")]
}

async fn both(Context { step, .. }: Context) -> Result<()> {
    let a = step.run("a", || Err::<(), _>(NonRetriableError::new("no use").into()));
    try_join!(a, step.sleep("nap", Duration::from_secs(3_600)))?;
    Ok(())
}
