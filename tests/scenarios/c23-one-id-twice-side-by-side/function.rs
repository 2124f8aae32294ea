//! An id that is used twice side by side. The second use is slower, so that the order of the journal is certain.

use std::thread;
use std::time::Duration;
use stepwell::{Context, Function, Result, try_join};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c23", both).on("c23/go")]
}

async fn both(Context { step, .. }: Context) -> Result<(String, String)> {
    let first = step.run("a", || Ok("first".to_owned()));
    let second = step.run("a", || {
        thread::sleep(Duration::from_millis(300));
        Ok("second".to_owned())
    });
    Ok(try_join!(first, second)?)
}
