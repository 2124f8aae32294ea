//! A wait that a sleep cuts short, and the other way round.

use std::time::Duration;
use serde_json::Value;
use stepwell::{Context, Either, Function, Result, WaitFor, race};

pub fn functions() -> Vec<Function> {
    vec![Function::new("d9", first).on("d9/go")]
}

async fn first(Context { step, .. }: Context) -> Result<&'static str> {
    let wait = WaitFor::event("d9/come").timeout(Duration::from_secs(3_600));
    let first = race(step.sleep("nap", Duration::from_secs(60)), step.wait_for_event::<Value, _>("come", wait)).await;
    Ok(match first {
        Either::Left(_) => "nap",
        Either::Right(_) => "come",
    })
}
