//! A crowd: runs that wait for long, so that what they cost others can be measured.

use std::time::Duration;

use stepwell::{Concurrency, Context, Event, Function, Result, WaitFor};

stepwell::plugin!(functions);

fn functions() -> Vec<Function> {
    vec![
        Function::new("sleep", sleep).on("crowd/sleep"),
        Function::new("wait", wait).on("crowd/wait"),
        Function::new("hold", hold).on("crowd/hold").concurrency(Concurrency::new(1)),
    ]
}

/// Thirty days.
const LONG: Duration = Duration::from_secs(30 * 24 * 3_600);

async fn sleep(Context { step, .. }: Context) -> Result<()> {
    Ok(step.sleep("long", LONG).await?)
}

/// For `crowd/awaited` with the `id` of its own event, and with an `amount` that is no less: whether it has come.
async fn wait(Context { step, .. }: Context) -> Result<bool> {
    let filter = "async.data.id == event.data.id && async.data.amount >= event.data.amount";
    let wait = WaitFor::event("crowd/awaited").when(filter).timeout(LONG);
    let event: Option<Event> = step.wait_for_event("it", wait).await?;
    Ok(event.is_some())
}

/// One executes for as long as the host lives, and has the one place there is.
async fn hold(Context { step, .. }: Context) -> Result<()> {
    let place = step.run("place", || {
        std::thread::sleep(LONG);
        Ok(())
    });
    Ok(place.await?)
}
