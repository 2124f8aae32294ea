//! A crowd: runs that wait for long, so that what they cost others can be measured.

use std::hint::black_box;
use std::time::Duration;

use stepwell::{Concurrency, Context, Event, Function, Result, WaitFor};

stepwell::plugin!(functions);

fn functions() -> Vec<Function> {
    vec![
        Function::new("sleep", sleep).on("crowd/sleep"),
        Function::new("wait", wait).on("crowd/wait"),
        Function::new("spin", spin).on("crowd/spin"),
        Function::new("touch", touch).on("crowd/touch"),
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

/// A run that executes for as long as the host lives, and has the only place.
async fn hold(Context { step, .. }: Context) -> Result<()> {
    let place = step.run("place", || {
        std::thread::sleep(LONG);
        Ok(())
    });
    Ok(place.await?)
}

/// Computes for ever in its one step.
async fn spin(Context { step, .. }: Context) -> Result<()> {
    let spins = step.run("spin", || -> Result<()> {
        let mut turns: u64 = 0;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    });
    Ok(spins.await?)
}

/// Takes as much memory as the event says (`{"mib": 200}`), writes to each page of it and ends.
async fn touch(Context { event, step, .. }: Context) -> Result<usize> {
    let mib = event.data["mib"].as_u64().and_then(|mib| usize::try_from(mib).ok()).unwrap_or(1);
    let touched = step.run("touch", move || {
        let taken: Vec<Vec<u8>> = (0..mib).map(|_| black_box(vec![1; 1 << 20])).collect();
        Ok(taken.len())
    });
    Ok(touched.await?)
}
