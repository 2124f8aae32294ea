//! A step whose result has a part that JSON does not carry.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c1", image).on("c1/go")]
}

#[derive(Serialize, Deserialize)]
struct Image {
    url: String,
    #[serde(skip)]
    handle: u32,
}

async fn image(Context { step, log, .. }: Context) -> Result<(String, u32)> {
    let image = step.run("a", || Ok(Image { url: "u".to_owned(), handle: 7 })).await?;
    log.info(format!("{} {}", image.url, image.handle));
    step.sleep("nap", Duration::from_secs(10)).await?;
    Ok((image.url, image.handle))
}
