//! The next version: its step has another id.

use std::time::Duration;
use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c26", body).on("c26/go")]
}

async fn body(Context { step, .. }: Context) -> Result<String> {
    let value = step.run("a2", || Ok("new".to_owned())).await?;
    step.sleep("nap", Duration::from_secs(60)).await?;
    Ok(value)
}
