//! A step inside a step.

use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c28", nest).on("c28/go")]
}

async fn nest(Context { step, .. }: Context) -> Result<u32> {
    let outer = step.run("outer", async || Ok(step.run("inner", || Ok(1)).await? + 1));
    Ok(outer.await?)
}
