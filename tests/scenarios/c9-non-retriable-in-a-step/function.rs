//! A step that says it is not worth a retry.

use stepwell::{Context, Function, NonRetriableError, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c9", save).on("c9/go").retries(4)]
}

async fn save(Context { step, .. }: Context) -> Result<String> {
    let saved: Result<(), _> = step.run("a", || Err(NonRetriableError::new("no use").into())).await;
    Ok(saved.map_or_else(|error| format!("caught {}", error.name), |()| "never".to_owned()))
}
