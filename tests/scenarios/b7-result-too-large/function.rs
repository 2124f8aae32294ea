//! A function with a large result.

use stepwell::{Context, Function};

pub fn functions() -> Vec<Function> {
    vec![Function::new("b7", async |_: Context| Ok("x".repeat(9 << 20))).on("b7/go").retries(1)]
}
