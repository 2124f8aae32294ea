//! Roll-backs, wherever the order fails.

use super::place_order;
use stepwell::Error;
use stepwell::testing::{Status, TestHost, TestRun, json};

fn ids(run: &TestRun) -> Vec<String> {
    run.steps().into_iter().map(|step| step.id).collect()
}

fn attempts(run: &TestRun) -> Vec<u32> {
    run.steps().into_iter().map(|step| step.attempts).collect()
}

#[test]
fn an_order_is_shipped() {
    let run = TestHost::new([place_order()]).execute("shop/order.placed", json!({ "order": "o-1", "fails_at": null }));
    assert_eq!(run.output(), json!({ "order": "o-1", "shipped": true }));
    assert_eq!(ids(&run), ["reserve-stock", "charge-card", "ship"]);
    assert!(!run.is_handled());
}

#[test]
fn what_was_done_is_undone_the_last_first() {
    let undone = [("ship", vec!["refund-card", "release-stock"]), ("charge", vec!["release-stock"])];
    for (fails_at, wanted) in undone {
        let host = TestHost::new([place_order()]);
        let run = host.execute("shop/order.placed", json!({ "order": "o-1", "fails_at": fails_at }));
        assert_eq!(run.status(), Status::Failed);
        assert_eq!(run.handler().output(), json!({ "order": "o-1", "undone": wanted }));
        assert_eq!(ids(&run.handler()), wanted);
    }
}

#[test]
fn shipping_is_retried_and_a_declined_card_is_not() {
    let host = TestHost::new([place_order()]);
    let run = host.execute("shop/order.placed", json!({ "order": "o-1", "fails_at": "ship" }));
    assert_eq!(attempts(&run), [1, 1, 2]);
    let run = host.execute("shop/order.placed", json!({ "order": "o-2", "fails_at": "charge" }));
    assert_eq!((attempts(&run), run.error().name), (vec![1, 1], "CardDeclined".to_owned()));
}

#[test]
fn a_carrier_that_is_back_in_time_ships() {
    let host = TestHost::new([place_order()]);
    host.fail("ship", Error::new("ShippingError", "strike")).times(1);
    assert_eq!(host.execute("shop/order.placed", json!({ "order": "o-1" })).status(), Status::Completed);
}

#[test]
fn a_crash_in_the_rollback_refunds_once_more_but_releases_no_less() {
    let host = TestHost::new([place_order()]);
    host.crash("refund-card");
    let run = host.execute("shop/order.placed", json!({ "order": "o-1", "fails_at": "ship" }));
    assert_eq!(run.handler().output()["undone"], json!(["refund-card", "release-stock"]));
}
