//! Two functions that one event starts.

use stepwell::{Context, Function};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("h9", async |_: Context| Ok(1)).on("h9/go"),
        Function::new("h9-second", async |_: Context| Ok(2)).on("h9/go"),
    ]
}
