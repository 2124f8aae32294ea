//! A function that fails twice, so that its plugin can be replaced between.

use stepwell::{Context, Error, FailureContext, Function};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("f18", async |_: Context| Err::<(), _>(Error::msg("x")))
            .on("f18/go")
            .retries(1)
            .on_failure(async |_: FailureContext| Ok("told")),
    ]
}
