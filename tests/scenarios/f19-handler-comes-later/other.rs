//! The next version: the function has a failure handler.

use stepwell::{Context, Error, FailureContext, Function};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("f19", async |_: Context| Err::<(), _>(Error::msg("x")))
            .on("f19/go")
            .retries(0)
            .on_failure(async |_: FailureContext| Ok("told")),
    ]
}
