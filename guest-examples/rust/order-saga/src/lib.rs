//! Places an order in three steps, and takes back what was done when that fails for good.

mod shop;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use shop::Trouble;
use stepwell::{Context, FailedRun, FailureContext, Function, Level, Result};

stepwell::plugin!(place_order);

fn place_order() -> Function {
    Function::new("place-order", place).name("Place order").on("shop/order.placed").retries(1).on_failure(roll_back)
}

/// The data of `shop/order.placed`.
#[derive(Deserialize)]
struct Order {
    order: String,
    fails_at: Option<Trouble>,
}

#[derive(Serialize)]
struct Placed {
    order: String,
    shipped: bool,
}

#[derive(Serialize)]
struct RolledBack {
    order: String,
    undone: Vec<&'static str>,
}

/// Each step is done once, however often a later one is retried.
async fn place(Context { event, step, .. }: Context<Order>) -> Result<Placed> {
    let Order { order, fails_at } = event.data;

    let _reservation: String = step.run("reserve-stock", || shop::reserve_stock(&order)).await?;
    let _payment: String = step.run("charge-card", || shop::charge_card(&order, fails_at)).await?;
    let _parcel: String = step.run("ship", || shop::ship(&order, fails_at)).await?;
    Ok(Placed { order, shipped: true })
}

/// The last first, and exactly what had been done; each in a step, so that it is taken back once.
async fn roll_back(context: FailureContext<Order>) -> Result<RolledBack> {
    let FailureContext { error, event, failed, step, log, .. } = context;
    let mut undone = Vec::new();

    if let Some(payment) = done(&failed, "charge-card") {
        let _refund: String = step.run("refund-card", || shop::refund_card(&payment)).await?;
        undone.push("refund-card");
    }
    if let Some(reservation) = done(&failed, "reserve-stock") {
        let _release: String = step.run("release-stock", || shop::release_stock(&reservation)).await?;
        undone.push("release-stock");
    }

    let rolled_back = RolledBack { order: event.data.event.data.order, undone };
    log.write(Level::Warn, format!("order {} is rolled back: {error}", rolled_back.order), &rolled_back);
    Ok(rolled_back)
}

/// The result of that step of the failed run; `None` if the run did not get so far, or if that step failed.
fn done(failed: &FailedRun, step: &str) -> Option<String> {
    failed.step(step).ok().flatten()
}
