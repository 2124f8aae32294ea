//! A function of every shape: steps in sequence, steps side by side, a failure handler; failing as the event says.

use serde::Deserialize;
use serde_json::{Value, json};
use stepwell::{Context, Error, FailureContext, Function, Result, try_join};

stepwell::plugin!(trial);

fn trial() -> Function {
    Function::new("trial", run).name("Trial").on("trial/started").retries(1).on_failure(handle)
}

/// The failures to play, by the id of a step or "body"; and until which attempt, if not for ever.
#[derive(Deserialize)]
struct Trial {
    fail: Option<String>,
    until_attempt: Option<u32>,
}

impl Trial {
    fn check(&self, place: &str, attempt: u32) -> Result<()> {
        let fails = self.fail.as_deref() == Some(place) && self.until_attempt.is_none_or(|until| attempt < until);
        if fails {
            return Err(Error::new("TrialError", format!("{place} was told to fail")).with_code("TRIAL"));
        }
        Ok(())
    }
}

/// `first` and `second` in sequence, then `left` and `right` side by side.
async fn run(Context { event, step, attempt, log, .. }: Context<Trial>) -> Result<Value> {
    let told = &event.data;
    let number = |place: &'static str, value: u32| {
        step.run_with(place, move |this| told.check(place, this.number).map(|()| value))
    };
    let first = number("first", 1).await?;
    let second = number("second", first + 1).await?;
    let (left, right) = try_join!(number("left", second + 1), number("right", second + 2))?;
    log.info("all steps have ended");
    told.check("body", attempt)?;
    Ok(json!({ "first": first, "second": second, "left": left, "right": right }))
}

/// Tells in a step what failed and what had been done.
async fn handle(FailureContext { error, event, failed, step, .. }: FailureContext) -> Result<Value> {
    let mut done = Vec::new();
    for id in ["first", "second", "left", "right"] {
        if let Ok(Some(value)) = failed.step::<u32>(id) {
            done.push(json!({ "step": id, "value": value }));
        }
    }
    let report = step
        .run("report", || {
            Ok(json!({
                "error": { "name": error.name, "message": error.message, "code": error.code },
                "step": error.step.as_ref().map(|key| &key.id),
                "failed_run": failed.run_id,
                "event": event.data.event.name,
                "done": done,
            }))
        })
        .await?;
    Ok(report)
}
