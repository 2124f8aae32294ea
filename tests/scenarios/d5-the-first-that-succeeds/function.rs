//! Two steps side by side, of which one fails for good; it is the other's result that counts, whichever ends first.

use std::thread;
use std::time::Duration;
use stepwell::{Context, Error, Function, Result, first_ok};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("d5", any).on("d5/go").retries(0),
        Function::new("d5-retried", any_of_one_that_is_retried).on("d5/go-retried").retries(1),
    ]
}

/// The failure comes first and does not count.
async fn any(Context { step, .. }: Context) -> Result<String> {
    let tries = [("fails", 0), ("succeeds", 400)].map(|(id, ms)| step.run(id, move || attempt(id, ms)));
    Ok(first_ok(tries).await?)
}

/// The success comes first, when both have begun; the other one's attempt ends, and is not followed by another.
async fn any_of_one_that_is_retried(Context { step, .. }: Context) -> Result<String> {
    let tries = [("succeeds", 400), ("fails", 800)].map(|(id, ms)| step.run(id, move || attempt(id, ms)));
    Ok(first_ok(tries).await?)
}

/// Takes its time, so that the order of the journal is certain.
fn attempt(id: &str, ms: u64) -> Result<String> {
    thread::sleep(Duration::from_millis(ms));
    if id == "succeeds" { Ok(id.to_owned()) } else { Err(Error::msg("it fails")) }
}
