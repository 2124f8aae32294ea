//! A function with a backoff of its own, one step of it with another.

use std::time::Duration;
use stepwell::{Context, Error, Function, Result, Retry, Step};

pub fn functions() -> Vec<Function> {
    let second = Duration::from_secs(1);
    let growing = Retry::default().times(3).exponential(second, 3.0, Duration::from_secs(5));
    vec![
        Function::new("a31", async |_: Context| Err::<(), _>(Error::msg("never"))).on("a31/go").retry(growing),
        Function::new("a31-step", in_a_step).on("a31/go-step").retries(0),
        Function::new("a31-side", side_by_side).on("a31/go-side").retries(0),
    ]
}

/// The function is not retried, its step is.
async fn in_a_step(Context { step, .. }: Context) -> Result<u32> {
    let often = step.retrying(Retry::default().times(5).constant(Duration::from_secs(2)));
    Ok(third_time(&often, "poll").await?)
}

async fn side_by_side(Context { step, .. }: Context) -> Result<u32> {
    let at_once = step.retrying(Retry::default().times(2).constant(Duration::ZERO));
    let slow = || {
        std::thread::sleep(Duration::from_millis(300));
        Ok(1)
    };
    let (a, b) = stepwell::try_join!(third_time(&at_once, "a"), step.run("b", slow))?;
    Ok(a + b)
}

async fn third_time(step: &Step, id: &'static str) -> Result<u32, stepwell::StepError> {
    step.run_with(id, |attempt| if attempt.number < 2 { Err(Error::msg("not yet")) } else { Ok(attempt.number) }).await
}
