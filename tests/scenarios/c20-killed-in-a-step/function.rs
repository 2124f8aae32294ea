//! Two steps, of which the second takes long enough to be killed in.

use std::thread;
use std::time::Duration;
use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c20", both).on("c20/go").retries(1)]
}

async fn both(Context { step, log, .. }: Context) -> Result<String> {
    let a: String = step.run("a", || Ok("a".into())).await?;
    let b = step.run_with("b", |attempt| {
        log.info("b begins");
        thread::sleep(Duration::from_millis(500));
        Ok(format!("{a}b, attempt {}", attempt.number))
    });
    Ok(b.await?)
}
