//! A document of many levels: as a step's result, as an event, as an error's details, and one that is too deep.

use serde_json::{Value, json};
use stepwell::{Context, Error, Function, NewEvent, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("b10", send).on("b10/go").retries(0), Function::new("b10-depth", depth).on("b10/deep")]
}

fn nested(levels: u32) -> Value {
    (0..levels).fold(json!("core"), |inner, _| json!([inner]))
}

fn levels(mut value: &Value) -> u32 {
    let mut levels = 0;
    while let Some(inner) = value.get(0) {
        (value, levels) = (inner, levels + 1);
    }
    levels
}

async fn send(Context { step, .. }: Context) -> Result<()> {
    let deep: Value = step.run("deep", || Ok(nested(990))).await?;
    step.send_event("send", NewEvent::new("b10/deep", json!({ "doc": deep }))).await?;
    let too_deep: Result<Value, _> = step.run("too-deep", || Ok(nested(1_001))).await;
    let message = too_deep.expect_err("it is too deep").message.clone();
    step.run("says", || Ok(message.contains("nested deeper than 1000 levels"))).await?;
    let details = json!({ "order": 7, "doc": nested(1_200) });
    Err(Error::new("DeepError", "with details").with_details(&details))
}

async fn depth(Context { event, .. }: Context) -> Result<u32> {
    Ok(levels(&event.data["doc"]))
}
