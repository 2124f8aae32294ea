//! A function that returns nothing.

use stepwell::{Context, Function};

pub fn functions() -> Vec<Function> {
    vec![Function::new("b1", async |_: Context| Ok(())).on("b1/go")]
}
