//! The events of the host's own: what a run's end is told by, and what starts invoked and scheduled runs.

use super::execution::{Execution, Outcome};
use crate::bindings::stepwell::plugin::types::{Cause, Failure, FailureKind};
use crate::json;
use serde_json::{Map, Value, json};

pub(super) const FAILED: &str = "inngest/function.failed";
pub(super) const FINISHED: &str = "inngest/function.finished";
pub(super) const CANCELLED: &str = "inngest/function.cancelled";
pub(super) const INVOKED: &str = "inngest/function.invoked";
pub(super) const SCHEDULED: &str = "inngest/scheduled.timer";

/// An event as guests get it.
pub(super) fn event(name: &str, data: &Value, id: &str, ts: u64) -> Value {
    json!({ "name": name, "data": data, "id": id, "ts": ts })
}

/// Whether the end of a run that these events started is told. That of a listener to ends is not: a handler that fails
/// has no handler.
pub(super) fn is_told(events: &[Value]) -> bool {
    !events.iter().any(|event| event["name"] == FAILED || event["name"] == FINISHED)
}

/// The data of the events that tell of a run's end.
pub(super) fn data(run: &Execution, composite: &str) -> Value {
    let mut first = run.events[0].clone();
    first["user"] = json!({});
    let mut data = json!({ "function_id": composite, "run_id": run.id, "event": first, "events": run.events });
    let more = match &run.outcome {
        Some(Outcome::Completed(json)) => {
            json!({ "result": parsed(json), "_inngest": { "status": "Completed" } })
        }
        Some(Outcome::Failed(failure)) => {
            json!({ "error": error(failure), "result": output(failure), "_inngest": { "status": "Failed" } })
        }
        Some(Outcome::Cancelled(reason)) => json!({ "_inngest": { "status": "Cancelled", "reason": reason } }),
        None => json!({}),
    };
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
    }
    data
}

/// The data of the event by which a schedule starts a run at that time.
pub(super) fn scheduled(cron: &str, now: u64) -> Value {
    let at = iso(now);
    json!({ "cron": cron, "scheduledAt": at, "fireAt": at })
}

pub(super) fn parsed(json: &str) -> Value {
    json::read(json).unwrap_or_else(|_| json.into())
}

fn error(failure: &Failure) -> Value {
    let mut error = described(&outermost(failure));
    error.insert("error".into(), "NonRetriableError".into());
    error.insert("kind".into(), kind(failure.kind).into());
    error.insert("attempts".into(), (failure.attempt + 1).into());
    if let Some(step) = &failure.step {
        error.insert("step_id".into(), step.id.clone().into());
    }
    if let Some(cause) = nested(&failure.causes) {
        error.insert("cause".into(), cause);
    }
    error.into()
}

/// The error as the SDK told it, without its fields: as Inngest has it.
fn output(failure: &Failure) -> Value {
    let mut output = described(&Cause { details: None, ..outermost(failure) });
    output.insert("__serialized".into(), true.into());
    if let Some(cause) = nested(&failure.causes) {
        output.insert("cause".into(), cause);
    }
    output.into()
}

/// The chain as nested objects.
fn nested(causes: &[Cause]) -> Option<Value> {
    let (first, further) = causes.split_first()?;
    let mut cause = described(first);
    cause.insert("__serialized".into(), true.into());
    if let Some(next) = nested(further) {
        cause.insert("cause".into(), next);
    }
    Some(cause.into())
}

fn outermost(failure: &Failure) -> Cause {
    let Failure { name, message, stack, code, details, .. } = failure.clone();
    Cause { name, message, stack, code, details }
}

fn described(cause: &Cause) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("name".into(), cause.name.clone().into());
    fields.insert("message".into(), cause.message.clone().into());
    fields.insert("stack".into(), cause.stack.clone().unwrap_or_default().into());
    if let Some(code) = &cause.code {
        fields.insert("code".into(), code.clone().into());
    }
    if let Some(details) = &cause.details {
        fields.insert("details".into(), parsed(details));
    }
    fields
}

fn kind(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Application => "application",
        FailureKind::Trap => "trap",
        FailureKind::Timeout => "timeout",
        FailureKind::Limit => "limit",
        FailureKind::Divergence => "divergence",
        FailureKind::Cancelled => "cancelled",
        FailureKind::Host => "host",
    }
}

/// A time as in `2026-01-31T09:00:00Z`. The day is found in years that begin in March, so that leap days come last.
fn iso(ms: u64) -> String {
    let (days, seconds) = (ms / 86_400_000, ms / 1_000 % 86_400);
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year_of_era + later;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_text() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(1_709_210_096_000), "2024-02-29T12:34:56Z");
        assert_eq!(iso(1_798_761_599_000), "2026-12-31T23:59:59Z");
    }
}
