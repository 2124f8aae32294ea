//! A step that always fails, and a body that wraps its error in one of its own.

use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c6", save).on("c6/go").retries(1).on_failure(report)]
}

async fn save(Context { step, .. }: Context) -> Result<()> {
    let saved = step.run("a", || Err(Error::msg("se"))).await;
    saved.map_err(|error| Error::msg("wrapped").caused_by(error))
}

async fn report(FailureContext { error, event, .. }: FailureContext) -> Result<String> {
    let told = event.data.error.cause.map(|cause| cause.message).unwrap_or_default();
    Ok(format!("{error}, caused by {}, told as {told}", error.causes[0].message))
}
