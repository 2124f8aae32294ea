//! Steps that succeed at their third attempt, alone and beside another step.

use std::thread;
use std::time::Duration;
use stepwell::{Context, Error, Function, Result, join};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c34", alone).on("c34/alone"), Function::new("c34-beside", beside).on("c34/beside")]
}

async fn alone(Context { attempt, step, .. }: Context) -> Result<u32> {
    Ok(step.run("a", || third_time(attempt)).await?)
}

async fn beside(Context { attempt, step, .. }: Context) -> Result<(u32, u32)> {
    let slow = step.run("b", || {
        thread::sleep(Duration::from_millis(300));
        Ok(attempt)
    });
    let (a, b) = join!(step.run("a", || third_time(attempt)), slow);
    Ok((a?, b?))
}

fn third_time(attempt: u32) -> Result<u32> {
    if attempt < 2 { Err(Error::msg(format!("busy at attempt {attempt}"))) } else { Ok(attempt) }
}
