//! Steps of which the body takes no result: the loser of a race, and one that is never awaited.

use std::thread;
use std::time::Duration;
use stepwell::{Context, Function, Result, race};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c33", leave).on("c33/go")]
}

async fn leave(Context { step, .. }: Context) -> Result<String> {
    drop(step.run("never", || Ok(())));
    let slow = step.run("slow", || {
        thread::sleep(Duration::from_millis(200));
        Ok("slow".to_owned())
    });
    race(slow, step.run("fast", || Ok("fast".to_owned()))).await;
    Ok("done".to_owned())
}
