//! A failure handler whose step fails once.

use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("f6", async |_: Context| Err::<(), _>(Error::msg("x"))).on("f6/go").retries(0).on_failure(alert)]
}

async fn alert(FailureContext { step, .. }: FailureContext) -> Result<String> {
    let told = step.run_with("alert", |attempt| match attempt.number {
        0 => Err(Error::msg("no answer")),
        _ => Ok("told".to_owned()),
    });
    Ok(told.await?)
}
