//! A function that fails where its event says so.

use stepwell::{Context, Function, NonRetriableError, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("f12", maybe).on("f12/go")]
}

async fn maybe(Context { event, .. }: Context) -> Result<u32> {
    if event.data["fail"] == true {
        return Err(NonRetriableError::new("told to").into());
    }
    Ok(1)
}
