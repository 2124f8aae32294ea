//! A race of two steps, and a step behind it. Even the faster one takes long enough for both to have begun.

use std::thread;
use std::time::Duration;
use stepwell::{Context, Function, Result, race_all};

pub fn functions() -> Vec<Function> {
    vec![Function::new("d8", run).on("d8/go")]
}

async fn run(Context { step, .. }: Context) -> Result<String> {
    let racers = [("slow", 500), ("fast", 100)].map(|(id, ms)| {
        step.run(id, move || {
            thread::sleep(Duration::from_millis(ms));
            Ok(id.to_owned())
        })
    });
    let winner = race_all(racers).await?;
    Ok(step.run("next", || Ok(format!("{winner}, then next"))).await?)
}
