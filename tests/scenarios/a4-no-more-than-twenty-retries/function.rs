//! A body that always fails and asks for more retries than there are.

use stepwell::{Context, Error, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a4", fail).on("a4/go").retries(25)]
}

async fn fail(Context { max_attempts, .. }: Context) -> Result<()> {
    Err(Error::msg(format!("one of {max_attempts}")))
}
