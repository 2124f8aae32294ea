//! The shop, as far as the example needs one: it answers by itself, and its API is down if the event says so.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use stepwell::{Error, Result};

#[derive(Serialize, Deserialize)]
pub struct Image {
    pub url: String,
}

/// Images come from elsewhere: they can be had even while the shop's API is down.
pub fn fetch_images(sku: &str) -> Result<Vec<Image>> {
    let views = ["front", "back", "detail"];
    Ok(views.map(|view| Image { url: format!("https://images.example/{sku}/{view}.webp") }).into())
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum ShopApi {
    #[default]
    Up,
    Down,
}

impl ShopApi {
    /// Saves the product; answers how many images it has then.
    pub fn save_product(&self, _sku: &str, images: &[Image]) -> Result<usize> {
        match self {
            Self::Up => Ok(images.len()),
            Self::Down => Err(Error::new("ShopUnavailable", "the shop's API is down for maintenance (503)")
                .with_code("SHOP_503")
                // What such an API says in its `Retry-After`.
                .retry_after(Duration::from_secs(1))),
        }
    }
}
