//! Functions whose runs wait in each way there is, for the databases that later builds have to finish (`tests/kept`).

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use stepwell::{
    Batch, Concurrency, Context, Debounce, Error, Event, FailureContext, Function, Invoke, NewEvent, RateLimit, Result,
    Singleton, Throttle, WaitFor, WaitForSignal, join, try_join,
};

stepwell::plugin!(functions);

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

fn functions() -> Vec<Function> {
    let mut functions = vec![
        Function::new("sleep", sleep).on("kept/sleep"),
        Function::new("beside", beside).on("kept/beside"),
        Function::new("wait", wait).on("kept/wait"),
        Function::new("signal", signal).on("kept/signal"),
        Function::new("call", call).on("kept/call"),
        Function::new("callee", sleep),
        Function::new("step-backs-off", step_backs_off).on("kept/step-backs-off"),
        Function::new("body-backs-off", body_backs_off).on("kept/body-backs-off"),
        Function::new("fails", fails).on("kept/fails").retries(0).on_failure(handles),
        Function::new("doomed", fails).on("kept/doomed").retries(0).on_failure(fails_too),
        Function::new("cancelled", sleep).on("kept/cancelled").cancel_on(WaitFor::event("kept/cancel")),
    ];
    functions.extend([
        Function::new("batch", echo).on("kept/batch").batch(Batch::new(5, MINUTE)),
        Function::new("debounce", echo).on("kept/debounce").debounce(Debounce::new(MINUTE)),
        Function::new("throttle", echo).on("kept/throttle").throttle(Throttle::new(1, MINUTE)),
        Function::new("one-run", sleep).on("kept/one-run").run_concurrency(Concurrency::new(1)),
        Function::new("one-step", sleep).on("kept/one-step").concurrency(Concurrency::new(1).key("event.data.of")),
        Function::new("single", sleep).on("kept/single").singleton(Singleton::skip()),
        Function::new("rate", echo).on("kept/rate").rate_limit(RateLimit::new(1, HOUR)),
        Function::new("later", echo).on("kept/later"),
    ]);
    functions
}

async fn echo(Context { events, .. }: Context) -> Result<Vec<Value>> {
    Ok(events.read()?.into_iter().map(|event| event.data).collect())
}

async fn sleep(Context { step, .. }: Context) -> Result<u32> {
    let before: u32 = step.run("before", || Ok(1)).await?;
    step.sleep("nap", HOUR).await?;
    let after: u32 = step.run("after", || Ok(2)).await?;
    Ok(before + after)
}

async fn beside(Context { step, .. }: Context) -> Result<(u32, bool)> {
    let done = step.run("done", || Ok(7));
    let waits = step.wait_for_event("never", WaitFor::event("kept/never").timeout(HOUR));
    let nap = step.sleep("nap", MINUTE);
    let (done, event, ()): (u32, Option<Event>, ()) = try_join!(done, waits, nap)?;
    Ok((done, event.is_some()))
}

async fn wait(Context { step, .. }: Context) -> Result<Value> {
    let wait = WaitFor::event("kept/paid").matching("data.order").timeout(24 * HOUR);
    let event: Option<Event> = step.wait_for_event("paid", wait).await?;
    Ok(event.map_or(Value::Null, |event| event.data))
}

async fn signal(Context { step, .. }: Context) -> Result<Value> {
    let signal: Option<Value> = step.wait_for_signal("go", WaitForSignal::named("kept-go").timeout(24 * HOUR)).await?;
    Ok(signal.unwrap_or_default())
}

async fn call(Context { step, .. }: Context) -> Result<u32> {
    step.send_event("tell", NewEvent::new("kept/told", json!({ "a": [1, "é"] }))).await?;
    Ok(step.invoke("call", Invoke::function("callee")).await?)
}

async fn step_backs_off(Context { step, .. }: Context) -> Result<u32> {
    let third_time = step.run_with("work", |attempt| match attempt.number {
        0 | 1 => {
            // The other step comes first, so that the order of the journal is certain.
            thread::sleep(Duration::from_millis(300));
            Err(Error::new("BusyError", "busy").with_code("E_BUSY").with_details(&json!({ "attempt": attempt.number })))
        }
        number => Ok(number),
    });
    let (work, other) = join!(third_time, step.run("other", || Ok(5)));
    Ok(work? + other?)
}

async fn body_backs_off(Context { attempt, step, .. }: Context) -> Result<u32> {
    let first: u32 = step.run("first", || Ok(1)).await?;
    if attempt < 2 { Err(Error::msg("not yet")) } else { Ok(first + attempt) }
}

async fn fails(Context { step, .. }: Context) -> Result<()> {
    step.run("kept", || Ok("what the handler reads".to_owned())).await?;
    Ok(step.run("fails", || Err::<(), _>(Error::msg("no good").non_retriable())).await?)
}

async fn handles(FailureContext { error, failed, step, .. }: FailureContext) -> Result<String> {
    step.sleep("think", HOUR).await?;
    let kept: Option<String> = failed.step("kept")?;
    Ok(format!("{error} after {}", kept.unwrap_or_default()))
}

async fn fails_too(FailureContext { error, .. }: FailureContext) -> Result<()> {
    Err(Error::msg(format!("cannot handle: {error}")).non_retriable())
}
