//! Two steps side by side, of which the second fails for good.

use std::thread;
use std::time::Duration;
use stepwell::{Context, Error, FailureContext, Function, Result, StepError, join, try_join};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("d2", all)
            .on("d2/go")
            .retries(1)
            .on_failure(async |_: FailureContext| Ok("told")),
        Function::new("d4", all_settled).on("d4/go").retries(1),
    ]
}

async fn all(Context { step, .. }: Context) -> Result<(u32, u32)> {
    Ok(try_join!(step.run("a", || Ok(1)), step.run("b", fail))?)
}

async fn all_settled(Context { step, .. }: Context) -> Result<(&'static str, &'static str)> {
    let (a, b) = join!(step.run("a", || Ok(1)), step.run("b", fail));
    Ok((status(&a), status(&b)))
}

/// Slower than the other step, so that the order of the journal is certain.
fn fail() -> Result<u32> {
    thread::sleep(Duration::from_millis(300));
    Err(Error::msg("eb"))
}

fn status(result: &Result<u32, StepError>) -> &'static str {
    if result.is_ok() { "fulfilled" } else { "rejected" }
}
