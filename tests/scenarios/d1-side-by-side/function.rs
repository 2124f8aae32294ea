//! Two steps side by side, of which the first is the slower one, and a sleep.

use std::thread;
use std::time::Duration;
use stepwell::{Context, Function, Result, try_join};

pub fn functions() -> Vec<Function> {
    vec![Function::new("d1", all).on("d1/go")]
}

async fn all(Context { step, .. }: Context) -> Result<(String, String)> {
    let a = step.run("a", || {
        thread::sleep(Duration::from_millis(300));
        Ok("a".to_owned())
    });
    let b = step.run("b", || Ok("b".to_owned()));
    let nap = step.sleep("nap", Duration::from_secs(10));
    let (a, b, ()) = try_join!(a, b, nap)?;
    Ok((a, b))
}
