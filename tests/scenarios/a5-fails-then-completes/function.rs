//! A5: four retries, fails at the first attempt, returns 7 at the second.

use stepwell::{Context, Error, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a5-fails-then-completes", body).on("a5-fails-then-completes").retries(4)]
}

async fn body(Context { attempt, .. }: Context) -> Result<u32> {
    match attempt {
        0 => Err(Error::msg("fails at the first attempt")),
        _ => Ok(7),
    }
}
