//! A singleton by a key.

use std::time::Duration;
use stepwell::{Context, Function, Result, Singleton};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g10", nap).on("g10/go").singleton(Singleton::skip().key("event.data.exclusive ? event.data.n - 1 : false")),
    ]
}

async fn nap(Context { event, step, .. }: Context) -> Result<()> {
    step.sleep("nap", Duration::from_secs(event.data["nap"].as_u64().unwrap_or(20))).await?;
    Ok(())
}
