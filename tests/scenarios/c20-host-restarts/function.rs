//! Two steps with a sleep between, in which the host is restarted.

use std::time::Duration;
use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c20", both).on("c20/go").retries(1)]
}

async fn both(Context { step, .. }: Context) -> Result<String> {
    let a: String = step.run("a", || Ok("a".into())).await?;
    step.sleep("nap", Duration::from_secs(60)).await?;
    let b = step.run("b", || Ok(format!("{a}b"))).await?;
    Ok(b)
}
