//! A function that does nothing but end.

use stepwell::{Context, Function};

pub fn functions() -> Vec<Function> {
    vec![Function::new("g24", async |Context { event, .. }: Context| Ok(event.data["n"].clone())).on("g24/go")]
}
