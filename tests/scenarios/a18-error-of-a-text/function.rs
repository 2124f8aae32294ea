//! A body that fails with the text that its event says.

use stepwell::{Context, Error, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a18", fail).on("a18/go").retries(0)]
}

async fn fail(Context { event, .. }: Context) -> Result<()> {
    Err(Error::msg(event.data["text"].as_str().unwrap_or("no text")))
}
