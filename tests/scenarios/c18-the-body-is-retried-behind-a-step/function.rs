//! A body that always fails behind its step.

use stepwell::{Context, Error, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("c17", fail_behind).on("c17/go").retries(1),
        Function::new("c18", fail_behind).on("c18/go").retries(2),
    ]
}

async fn fail_behind(Context { step, .. }: Context) -> Result<()> {
    step.run("a", || Ok(1)).await?;
    Err(Error::msg("after"))
}
