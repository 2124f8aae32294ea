//! A step that always fails, and a body that catches its error.

use serde_json::{Value, json};
use std::num::ParseIntError;
use stepwell::{Context, Error, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c5", save).on("c5/go").retries(2).on_failure(async |_: FailureContext| Ok("never"))]
}

async fn save(Context { step, .. }: Context) -> Result<Value> {
    match step.run("a", price).await {
        Ok(price) => Ok(json!(price)),
        Err(error) => Ok(json!({
            "text": format!("ok:{error}"),
            "name": error.name,
            "step": error.step_id(),
            "causes": error.causes.iter().map(|cause| format!("{}: {}", cause.name, cause.message)).collect::<Vec<_>>(),
        })),
    }
}

fn price() -> Result<u32> {
    "ten".parse().map_err(|error: ParseIntError| Error::new("PriceError", "se").caused_by(error))
}
