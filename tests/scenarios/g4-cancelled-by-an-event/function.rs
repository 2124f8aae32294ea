//! Functions that events cancel: by a field, by an expression and for a minute only, and by what started them.

use std::time::Duration;
use stepwell::{Context, FailureContext, Function, Result, WaitFor};

pub fn functions() -> Vec<Function> {
    let minute = Duration::from_secs(60);
    vec![
        Function::new("g4", sleep)
            .on("g4/go")
            .cancel_on(WaitFor::event("g4/stop").matching("data.id"))
            .on_failure(async |_: FailureContext| Ok("a cancelled run is no failed run")),
        Function::new("g4-minute", sleep)
            .on("g4/go-minute")
            .cancel_on(WaitFor::event("g4/stop").when("async.data.id > event.data.id").timeout(minute)),
        Function::new("g4-itself", sleep).on("g4/itself").cancel_on(WaitFor::event("g4/itself")),
    ]
}

async fn sleep(Context { step, .. }: Context) -> Result<()> {
    step.sleep("nap", Duration::from_secs(600)).await?;
    Ok(())
}
