//! Two steps side by side that both fail, where one was to succeed.

use std::thread;
use std::time::Duration;
use stepwell::{Context, Error, FailureContext, Function, Result, first_ok};

pub fn functions() -> Vec<Function> {
    vec![Function::new("d6", any).on("d6/go").retries(1).on_failure(tell)]
}

async fn any(Context { step, .. }: Context) -> Result<u32> {
    let tries = [("a", 0), ("b", 300)].map(|(id, ms)| {
        step.run(id, move || {
            thread::sleep(Duration::from_millis(ms));
            Err::<u32, _>(Error::new("TryError", id).non_retriable())
        })
    });
    Ok(first_ok(tries).await?)
}

async fn tell(FailureContext { error, .. }: FailureContext) -> Result<serde_json::Value> {
    Ok(error.details.unwrap_or_default())
}
