//! Steps that return nothing, and a sleep behind which they are replayed.

use std::time::Duration;
use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c24", nothing).on("c24/go")]
}

async fn nothing(Context { step, .. }: Context) -> Result<Option<u32>> {
    step.run("nothing", || Ok(())).await?;
    let none = step.run("none", || Ok(None)).await?;
    step.sleep("nap", Duration::from_secs(10)).await?;
    Ok(none)
}
