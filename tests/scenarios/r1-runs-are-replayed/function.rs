//! Three steps, of which the second has an input and refuses too much, and a handler that fails as long as it is told to.

use std::time::Duration;
use stepwell::{Context, Error, FailureContext, Function, NonRetriableError, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("r1", charge).on("r1/go").on_failure(handle)]
}

async fn charge(Context { event, step, run_id, .. }: Context) -> Result<String> {
    let cents = event.data["cents"].as_u64().unwrap_or_default();
    let sku: String = step.run("look-up", || Ok("A1".to_owned())).await?;
    step.sleep("nap", Duration::from_secs(1)).await?;
    let charged: u64 = step.run_on("charge", cents, |cents: u64| charge_card(cents)).await?;
    step.run("tell", || Ok(())).await?;
    Ok(format!("{sku} for {charged}, {}", if run_id.is_empty() { "nobody" } else { "a run" }))
}

fn charge_card(cents: u64) -> Result<u64> {
    if cents > 1_000 { Err(NonRetriableError::new(format!("{cents} is too much")).into()) } else { Ok(cents) }
}

async fn handle(FailureContext { error, failed, step, .. }: FailureContext) -> Result<String> {
    let sku: Option<String> = failed.step("look-up")?;
    step.run_on("report", false, |works: bool| if works { Ok(()) } else { Err(Error::from(NonRetriableError::new("no"))) })
        .await?;
    Ok(format!("{}: {}", error.message, sku.unwrap_or_default()))
}
