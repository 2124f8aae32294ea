//! A body that always fails and says nothing of retries.

use stepwell::{Context, Error, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a3", fail).on("a3/go")]
}

async fn fail(Context { attempt, max_attempts, .. }: Context) -> Result<()> {
    Err(Error::msg(format!("attempt {attempt} of {max_attempts}")))
}
