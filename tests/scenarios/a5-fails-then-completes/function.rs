//! A body that fails at its first attempt only.

use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a5", seven).on("a5/go").retries(4).on_failure(async |_: FailureContext| Ok("never"))]
}

async fn seven(Context { attempt, .. }: Context) -> Result<u32> {
    match attempt {
        0 => Err(Error::msg("not yet")),
        _ => Ok(7),
    }
}
