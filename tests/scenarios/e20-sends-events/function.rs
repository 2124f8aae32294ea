//! A function that sends events, throws, and is entered again.

use serde_json::json;
use stepwell::{Context, Error, Function, NewEvent, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("e20", send).on("e20/go").retries(1),
        Function::new("e20-hears", async |Context { event, .. }: Context| Ok(event.data["n"].clone())).on("e20/told"),
        Function::new("e20-reserved", send_reserved).on("e20/go-reserved").retries(3),
    ]
}

async fn send(Context { step, attempt, .. }: Context) -> Result<usize> {
    let events = (0..2).map(|n| NewEvent::new("e20/told", json!({ "n": n })));
    let ids = step.send_events("tell", events).await?;
    if attempt == 0 {
        return Err(Error::msg("once more"));
    }
    Ok(ids.len())
}

async fn send_reserved(Context { step, .. }: Context) -> Result<String> {
    Ok(step.send_event("tell", NewEvent::new("inngest/function.failed", json!({}))).await?)
}
