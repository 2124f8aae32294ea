//! A debounced function.

use std::time::Duration;
use stepwell::{Context, Debounce, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g15", echo)
            .on("g15/go")
            .debounce(Debounce::new(Duration::from_secs(5)).within(Duration::from_secs(12)).key("event.data.to")),
    ]
}

async fn echo(Context { event, step, .. }: Context) -> Result<u64> {
    step.sleep("nap", Duration::from_secs(2)).await?;
    Ok(event.data["n"].as_u64().unwrap_or_default())
}
