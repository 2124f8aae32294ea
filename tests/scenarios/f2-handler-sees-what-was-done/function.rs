//! A failure handler that undoes what the failed run had done.

use serde_json::{Value, json};
use stepwell::{Context, FailureContext, Function, NonRetriableError, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("undo", order).on("undo/go").on_failure(undo)]
}

async fn order(Context { step, .. }: Context) -> Result<()> {
    step.run("reserve", || Ok("r1".to_owned())).await?;
    step.run("charge", || Err::<(), _>(NonRetriableError::new("card refused").into())).await?;
    step.run("ship", || Ok("s1".to_owned())).await?;
    Ok(())
}

async fn undo(FailureContext { failed, step, .. }: FailureContext) -> Result<Value> {
    let reservation: Option<String> = failed.step("reserve")?;
    let charge = failed.step::<()>("charge").map_err(|error| error.message.clone());
    let release = step.run("release", || Ok(reservation.map(|id| format!("released {id}")))).await?;
    Ok(json!({ "release": release, "charge": charge.err(), "ship": failed.step::<String>("ship")? }))
}
