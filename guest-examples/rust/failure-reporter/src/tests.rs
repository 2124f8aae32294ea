//! Reports of another function's failure.

use super::report_failures;
use serde_json::json;
use stepwell::testing::{Status, TestHost};
use stepwell::{Context, Error, Function, Result};

/// Fails in its one step.
fn sells() -> Function {
    let sell = || -> Result<()> {
        let cause = Error::new("EmptyShelf", "the shelf of mugs is empty");
        Err(Error::new("OutOfStock", "no mug is left").with_code("OUT_OF_STOCK").caused_by(cause))
    };
    Function::new("sells", async move |Context { step, .. }: Context| Ok(step.run("sell", sell).await?))
        .on("shop/sale")
        .retries(0)
}

#[test]
fn a_failure_is_reported_with_its_causes() {
    let host = TestHost::new([sells(), report_failures()]).plugin("shop");
    let failed = host.execute("shop/sale", json!({}));
    let [_, report] = host.runs().try_into().expect("two runs");
    assert_eq!((failed.status(), report.status()), (Status::Failed, Status::Completed));
    let [line] = report.log().try_into().expect("one line");
    assert_eq!(line.message, "shop-sells failed: OutOfStock: no mug is left");
    assert_eq!((&line.fields["run"], &line.fields["code"]), (&json!(failed.id()), &json!("OUT_OF_STOCK")));
    assert_eq!(line.fields["step"], "sell");
    assert_eq!(line.fields["causes"], json!(["EmptyShelf: the shelf of mugs is empty"]));
}

#[test]
fn it_is_reported_once_even_if_the_reporter_crashes() {
    let host = TestHost::new([sells(), report_failures()]);
    host.crash("report");
    host.execute("shop/sale", json!({}));
    assert_eq!(host.runs()[1].log().len(), 1);
}
