//! A function that takes its events in batches.

use std::time::Duration;
use stepwell::{Batch, Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g16", numbers)
            .on("g16/go")
            .batch(Batch::new(3, Duration::from_secs(10)).key("event.data.to").when("event.data.n < 100")),
    ]
}

async fn numbers(Context { events, .. }: Context) -> Result<Vec<u64>> {
    Ok(events.read()?.iter().map(|event| event.data["n"].as_u64().unwrap_or_default()).collect())
}
