//! A function that fails and has no failure handler yet.

use stepwell::{Context, Error, Function};

pub fn functions() -> Vec<Function> {
    vec![Function::new("f19", async |_: Context| Err::<(), _>(Error::msg("x"))).on("f19/go").retries(0)]
}
