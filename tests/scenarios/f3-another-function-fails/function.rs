//! A function with a failure handler, and one that fails.

use stepwell::{Context, Error, FailureContext, Function};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("f3", async |_: Context| Ok(())).on("f3/go").on_failure(async |_: FailureContext| Ok("never")),
        Function::new("f3-other", async |_: Context| Err::<(), _>(Error::msg("x"))).on("f3-other/go").retries(0),
    ]
}
