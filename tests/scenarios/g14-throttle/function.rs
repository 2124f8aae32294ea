//! Throttled functions: one that fails once, and one by a key with a burst.

use std::time::Duration;
use stepwell::{Context, Error, Function, Result, Retry, Throttle};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("g14", fails)
            .on("g14/go")
            .retry(Retry::default().times(1).constant(Duration::from_secs(1)))
            .throttle(Throttle::new(1, Duration::from_secs(5))),
        Function::new("g14-keyed", async |Context { event, .. }: Context| Ok(event.data))
            .on("g14/keyed")
            .throttle(Throttle::new(1, Duration::from_secs(10)).burst(2).key("event.data.to")),
    ]
}

async fn fails(Context { attempt, .. }: Context) -> Result<()> {
    if attempt == 0 { Err(Error::msg("not yet")) } else { Ok(()) }
}
