//! A debounced function that starts once a day for each id.

use std::time::Duration;
use stepwell::{Context, Debounce, Function, Result};

pub fn functions() -> Vec<Function> {
    let debounce = Debounce::new(Duration::from_secs(5)).key("event.data.id");
    vec![Function::new("g15-once", echo).on("g15-once/go").debounce(debounce).idempotency("event.data.id")]
}

async fn echo(Context { event, .. }: Context) -> Result<u64> {
    Ok(event.data["n"].as_u64().unwrap_or_default())
}
