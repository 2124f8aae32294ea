//! Retries, and the message to the team.

use super::import_product_images;
use stepwell::testing::{Status, TestHost, json};
use stepwell::{Error, Level};

fn host() -> TestHost {
    TestHost::new([import_product_images()])
}

#[test]
fn a_product_is_imported() {
    let run = host().execute("shop/product.imported", json!({ "sku": "mug-42" }));
    assert_eq!(run.output(), "mug-42 imported with 3 images");
    assert!(!run.is_handled());
}

#[test]
fn the_team_is_told_what_failed_and_what_had_been_done() {
    let run = host().execute("shop/product.imported", json!({ "sku": "mug-42", "shop_api": "down" }));
    assert_eq!((run.error().code.as_deref(), run.step("save-products").attempts), (Some("SHOP_503"), 3));
    assert_eq!(run.step("fetch-images").attempts, 1);
    let told = run.handler().step("alert-team").output().to_string();
    assert!(told.contains("The import of mug-42 failed (ShopUnavailable: "), "{told}");
    assert!(told.contains("its 3 images had been fetched"), "{told}");
    let levels: Vec<_> = run.handler().log().iter().map(|line| line.level).collect();
    assert_eq!(levels, [Level::Error]);
}

#[test]
fn nothing_had_been_done_if_nothing_could_be_fetched() {
    let host = host();
    host.fail("fetch-images", Error::msg("no such host"));
    let run = host.execute("shop/product.imported", json!({ "sku": "mug-42" }));
    let told = run.handler().output().to_string();
    assert!(told.contains("nothing had been done yet"), "{told}");
}

#[test]
fn a_shop_that_is_back_in_time_gets_its_product() {
    let host = host();
    host.fail("save-products", Error::new("ShopUnavailable", "503")).times(2);
    let run = host.execute("shop/product.imported", json!({ "sku": "mug-42" }));
    assert_eq!((run.status(), run.step("save-products").attempts), (Status::Completed, 3));
}
