//! Sleeps from nothing to the longest, by the run's own clock.

use std::time::{Duration, SystemTime};
use stepwell::{Context, Function, Result};

const DAY: u64 = 24 * 3_600_000;

pub fn functions() -> Vec<Function> {
    vec![Function::new("e1", sleep).on("e1/go")]
}

/// How long each has taken, in milliseconds.
async fn sleep(Context { step, .. }: Context) -> Result<Vec<u128>> {
    let mut took = Vec::new();
    for (n, ms) in [0, 1, 999, 1_500, 500, 60_000, 5_400_000, 366 * DAY].into_iter().enumerate() {
        let begun = SystemTime::now();
        step.sleep(format!("sleep {n}"), Duration::from_millis(ms)).await?;
        took.push(begun.elapsed()?.as_millis());
    }
    Ok(took)
}
