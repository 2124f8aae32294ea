//! Steps of which the body takes no result: the loser of a race, and one that is never awaited.

use std::thread;
use std::time::Duration;
use stepwell::{Context, Function, Result, race};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c33", leave).on("c33/go")]
}

async fn leave(Context { step, .. }: Context) -> Result<String> {
    drop(step.run("never", || Ok(())));
    race(step.run("slow", || after(500, "slow")), step.run("fast", || after(100, "fast"))).await;
    Ok("done".to_owned())
}

/// Long enough for both to have begun before the faster ends: once the outcome is certain no step begins.
fn after(ms: u64, value: &str) -> Result<String> {
    thread::sleep(Duration::from_millis(ms));
    Ok(value.to_owned())
}
