//! A wait for an hour, by a field; two side by side with a step; and one by an expression.

use std::time::Duration;
use stepwell::{Context, Event, Function, Result, WaitFor, try_join};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("e5", wait).on("e5/go"),
        Function::new("e5-both", wait_for_both).on("e5/go-both"),
        Function::new("e5-when", wait_when).on("e5/go-when"),
    ]
}

fn hour(event: &str) -> WaitFor {
    WaitFor::event(event).timeout(Duration::from_secs(3_600))
}

async fn wait(Context { step, .. }: Context) -> Result<String> {
    let paid: Option<Event> = step.wait_for_event("payment", hour("e5/paid").matching("data.order")).await?;
    Ok(paid.map_or_else(|| "never paid".into(), |paid| format!("paid {}", paid.data["amount"])))
}

async fn wait_for_both(Context { step, .. }: Context) -> Result<u64> {
    let (a, b, c) = try_join!(
        step.wait_for_event::<serde_json::Value, _>("a", hour("e5/a")),
        step.run("b", || Ok(2_u64)),
        step.wait_for_event::<serde_json::Value, _>("c", hour("e5/c")),
    )?;
    Ok(a.map_or(0, |_| 1) + b + c.map_or(0, |_| 4))
}

async fn wait_when(Context { step, .. }: Context) -> Result<bool> {
    let wait = hour("e5/paid").when("async.data.amount > event.data.least && async.data.order == 'A'");
    Ok(step.wait_for_event::<serde_json::Value, _>("enough", wait).await?.is_some())
}
