//! Imports a product's images, and alerts the team when that fails for good.

mod shop;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use shop::{Image, ShopApi};
use stepwell::{Context, FailureContext, Function, Result};

stepwell::plugin!(import_product_images);

fn import_product_images() -> Function {
    Function::new("import-product-images", import)
        .name("Import product images")
        .on("shop/product.imported")
        .retries(2)
        .on_failure(alert)
}

/// The data of `shop/product.imported`.
#[derive(Deserialize)]
struct Product {
    sku: String,
    #[serde(default)]
    shop_api: ShopApi,
}

/// Once the images are fetched that is remembered: however often saving is retried, they are not fetched again.
async fn import(Context { event, step, log, .. }: Context<Product>) -> Result<String> {
    let Product { sku, shop_api } = &event.data;

    let images = step.run("fetch-images", || shop::fetch_images(sku)).await?;
    log.info(format!("{} images of {sku} are fetched", images.len()));

    let saved = step.run("save-products", || shop_api.save_product(sku, &images)).await?;
    log.info(format!("{sku} is saved with {saved} images"));

    Ok(format!("{sku} imported with {saved} images"))
}

/// Tells the team what failed and what had been done before. In a step, so that they are told once.
async fn alert(FailureContext { error, event, failed, step, log, .. }: FailureContext) -> Result<String> {
    let sku = event.data.event.data["sku"].as_str().unwrap_or("an unknown product");
    let done = match failed.step::<Vec<Image>>("fetch-images") {
        Ok(Some(images)) => format!("its {} images had been fetched and wait to be saved", images.len()),
        _ => "nothing had been done yet".to_owned(),
    };
    let message = format!("The import of {sku} failed ({error}); {done}. Run: {}", failed.run_id);

    let told = step
        .run("alert-team", || {
            // A real one would post this to the team's channel.
            log.error(&message);
            Ok(message)
        })
        .await?;
    Ok(told)
}
