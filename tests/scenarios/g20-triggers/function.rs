//! A function with two triggers for one event, and others with filters on what is not there.

use stepwell::{Context, Function, Trigger};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g20", async |_: Context| Ok("once")).on("g20/go").on("g20/*"),
        Function::new("g21", async |_: Context| Ok("never"))
            .on(Trigger::event("g21/go").when("event.data.product.price > 3")),
        Function::new("g21-or", async |_: Context| Ok("for what is there"))
            .on(Trigger::event("g21/go").when("event.data.product.price > 3 || event.data.n + 0.5 > 3")),
        Function::new("g21-undecided", async |_: Context| Ok("never"))
            .on(Trigger::event("g21/go").when("event.data.n")),
    ]
}
