//! A step that fails, and is to be tried again.

use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g3", fail)
            .on("g3/go")
            .retries(3)
            .on_failure(async |_: FailureContext| Ok("a cancelled run is no failed run")),
    ]
}

async fn fail(Context { step, .. }: Context) -> Result<()> {
    Ok(step.run("a", || Err::<(), _>(Error::msg("not yet"))).await?)
}
