//! Singletons that skip: one that sleeps, and one that fails once.

use std::time::Duration;
use stepwell::{Context, Error, Function, Result, Singleton};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g8", nap).on("g8/go").singleton(Singleton::skip().key("event.data.user")),
        Function::new("g8-fails", fails).on("g8/fails").retries(1).singleton(Singleton::skip()),
    ]
}

async fn nap(Context { event, step, .. }: Context) -> Result<()> {
    step.sleep("nap", Duration::from_secs(event.data["nap"].as_u64().unwrap_or(20))).await?;
    Ok(())
}

async fn fails(Context { attempt, .. }: Context) -> Result<()> {
    if attempt == 0 { Err(Error::msg("not yet")) } else { Ok(()) }
}
