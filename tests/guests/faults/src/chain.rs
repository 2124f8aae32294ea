//! A function whose every step tells the outside world that it runs, for tests that kill the host.

use serde::{Deserialize, Serialize};
use stepwell::{Context, Error, FailureContext, Function, Invoke, NewEvent, Request, Result, try_join};

use crate::http;

#[derive(Deserialize)]
struct Told {
    /// The address that is told, without a slash at the end.
    url: String,
    #[serde(default)]
    fail: bool,
}

pub fn functions() -> Vec<Function> {
    // No retries: a host that counted a crash as an attempt would fail the run.
    vec![
        Function::new("chain", chain).on("faults/chain").retries(0).on_failure(handle),
        Function::new("told", help).on("faults/told").retries(0),
    ]
}

/// The receiver of the event or the invocation, and its sender.
#[derive(Deserialize, Serialize)]
struct Called {
    url: String,
    how: String,
    by: String,
}

/// Two steps in sequence, one that tells nobody, an event, two side by side, an invocation, one more, and a fetch.
async fn chain(Context { event, step, run_id, .. }: Context<Told>) -> Result<u16> {
    let tell = |place: &'static str| {
        let url = format!("{}/step/{run_id}/{place}", event.data.url);
        step.run(place, move || http::get(&url))
    };
    let mut sum = tell("1-first").await?;
    sum += tell("2-second").await?;
    sum += step.run("silent", || Ok(1_u16)).await?;
    let call = |how: &str| Called { url: event.data.url.clone(), how: how.into(), by: run_id.clone() };
    step.send_event("send", NewEvent::new("faults/told", call("sent"))).await?;
    let (left, right) = try_join!(tell("3-left"), tell("3-right"))?;
    sum += left + right;
    sum += step.invoke::<u16, _>("invoke", Invoke::function("told").data(call("invoked"))).await?;
    sum += tell("4-last").await?;
    let url = format!("{}/step/{run_id}/5-fetched", event.data.url);
    sum += step.fetch("5-fetched", Request::get(url)).await?.status();
    if event.data.fail {
        return Err(Error::new("ChainError", "told to fail"));
    }
    Ok(sum)
}

async fn help(Context { event, step, run_id, .. }: Context<Called>) -> Result<u16> {
    let Called { url, how, by } = event.data;
    Ok(step.run("tell", || http::get(&format!("{url}/{how}/{by}/{run_id}"))).await?)
}

async fn handle(FailureContext { event, failed, step, .. }: FailureContext<Told>) -> Result<u16> {
    let url = format!("{}/handled/{}", event.data.event.data.url, failed.run_id);
    Ok(step.run("tell", || http::get(&url)).await?)
}
