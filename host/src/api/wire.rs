//! Runs and journals as JSON.

use std::sync::Arc;

use serde::Serialize;

use super::time::Stamp;
use crate::limits;
use crate::model::{
    Awaited, Cause, Entry, Failure, HeldBy, Json, Kind, Millis, OpKey, Outcome, Record, RetryAdvice, Status,
};
use crate::store::{LogLine, RunView};

/// A run in a listing.
#[derive(Debug, Serialize)]
pub(super) struct Run {
    run_id: String,
    function_id: String,
    plugin: String,
    version: String,
    status: Status,
    event_ids: Vec<String>,
    queued_at: Stamp,
    /// When it goes on, where it waits for a time.
    due_at: Option<Stamp>,
    ended_at: Option<Stamp>,
    /// For a run of a failure function: the run whose failure it handles.
    failed_run_id: Option<String>,
    /// The run that it replays.
    replay_of: Option<String>,
    error: Option<Brief>,
}

/// An error in a listing.
#[derive(Debug, Serialize)]
struct Brief {
    kind: Kind,
    name: String,
    message: String,
}

impl Run {
    pub(super) fn of(view: &RunView) -> Self {
        let failure = view.ended.as_ref().and_then(|ended| match &ended.outcome {
            Outcome::Failed(failure) => Some(failure),
            Outcome::Completed(_) | Outcome::Cancelled { .. } | Outcome::Skipped { .. } => None,
        });
        let brief = |failure: &Failure| Brief {
            kind: failure.kind,
            name: failure.name.clone(),
            message: beginning(&failure.message),
        };
        Self {
            run_id: view.id.to_string(),
            function_id: view.function.composite(),
            plugin: view.function.plugin.to_string(),
            version: view.version.to_string(),
            status: view.status,
            event_ids: view.events.iter().map(ToString::to_string).collect(),
            queued_at: Stamp(view.id.created()),
            due_at: view.due.map(Stamp),
            ended_at: view.ended.as_ref().map(|ended| Stamp(ended.at)),
            failed_run_id: view.failed_run.map(|run| run.to_string()),
            replay_of: view.replay_of.map(|run| run.to_string()),
            error: failure.map(brief),
        }
    }
}

/// A message may have megabytes, and a listing a thousand of them.
fn beginning(message: &str) -> String {
    let end = message.floor_char_boundary(limits::LISTED_MESSAGE_MAX_BYTES);
    if end < message.len() { format!("{}…", &message[..end]) } else { message.to_owned() }
}

/// The run that handles another's failure.
#[derive(Debug, Serialize)]
pub(super) struct Handler {
    pub run_id: String,
    pub status: Status,
}

/// An error, whole.
#[derive(Debug, Serialize)]
pub(super) struct Error {
    kind: Kind,
    name: String,
    message: String,
    stack: Option<String>,
    code: Option<String>,
    details: Option<Json>,
    causes: Vec<Cause>,
    step: Option<Step>,
    attempt: u32,
    /// Whether the code that failed asked not to be retried.
    is_final: bool,
}

#[derive(Debug, Serialize)]
struct Step {
    id: String,
    n: u32,
}

impl Step {
    fn of(key: &OpKey) -> Self {
        Self { id: key.id.to_string(), n: key.n }
    }
}

impl Error {
    pub(super) fn of(failure: &Failure) -> Self {
        Self {
            kind: failure.kind,
            name: failure.name.clone(),
            message: failure.message.clone(),
            stack: failure.stack.clone(),
            code: failure.code.clone(),
            details: failure.details.clone(),
            causes: failure.causes.clone(),
            step: failure.step.as_ref().map(Step::of),
            attempt: failure.attempt,
            is_final: failure.advice == RetryAdvice::Never,
        }
    }
}

/// A line of the journal.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    order: u32,
    at: Stamp,
    what: What,
    step: Option<Step>,
    attempt: Option<u32>,
    started_at: Option<Stamp>,
    /// When the next attempt is due, or the sleep ends.
    until: Option<Stamp>,
    /// The event or signal that is waited for, the function that is invoked, the signal that is sent, the method and
    /// host of a fetch, or the run that is replayed.
    awaited: Option<String>,
    output: Option<Json>,
    error: Option<Error>,
}

/// The contents of a line of the journal.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    StepCompleted,
    StepFailed,
    StepRetry,
    Sleep,
    Woke,
    BodyRetry,
    Interrupted,
    WaitsForEvent,
    Invokes,
    Sends,
    WaitsForSignal,
    Signals,
    Fetches,
    Answered,
    Began,
    Replays,
}

impl Line {
    pub(super) fn of(record: &Record) -> Self {
        let blank = |what| Self {
            order: record.order,
            at: Stamp(record.at),
            what,
            step: None,
            attempt: None,
            started_at: None,
            until: None,
            awaited: None,
            output: None,
            error: None,
        };
        match &record.entry {
            Entry::Step { key, attempt, started, value } => {
                let what = if value.is_ok() { What::StepCompleted } else { What::StepFailed };
                Self {
                    step: Some(Step::of(key)),
                    attempt: Some(*attempt),
                    started_at: Some(Stamp(*started)),
                    output: value.as_ref().ok().cloned(),
                    error: value.as_ref().err().map(Error::of),
                    ..blank(what)
                }
            }
            Entry::StepRetry { key, started, error, retry_at } => Self {
                step: Some(Step::of(key)),
                attempt: Some(error.attempt),
                started_at: Some(Stamp(*started)),
                until: Some(Stamp(*retry_at)),
                error: Some(Error::of(error)),
                ..blank(What::StepRetry)
            },
            Entry::Sleep { key, until } => {
                Self { step: Some(Step::of(key)), until: Some(Stamp(*until)), ..blank(What::Sleep) }
            }
            Entry::Woke { key } => Self { step: Some(Step::of(key)), ..blank(What::Woke) },
            Entry::BodyRetry { error, retry_at } => Self {
                attempt: Some(error.attempt),
                until: Some(Stamp(*retry_at)),
                error: Some(Error::of(error)),
                ..blank(What::BodyRetry)
            },
            Entry::Interrupted => blank(What::Interrupted),
            Entry::Began => blank(What::Began),
            Entry::Replays { of, from, input } => Self {
                step: from.as_ref().map(Step::of),
                awaited: Some(of.to_string()),
                output: input.clone(),
                ..blank(What::Replays)
            },
            Entry::Waits { key, what, until } => {
                let (what, awaited) = match what {
                    Awaited::Event { name } => (What::WaitsForEvent, Some(name.to_string())),
                    Awaited::Invocation { function } => (What::Invokes, Some(function.to_string())),
                    Awaited::Sending { .. } => (What::Sends, None),
                    Awaited::Signal { signal } => (What::WaitsForSignal, Some(signal.to_string())),
                    Awaited::Signalling { signal } => (What::Signals, Some(signal.to_string())),
                    Awaited::Response { method, host } => (What::Fetches, Some(format!("{method} {host}"))),
                };
                Self { step: Some(Step::of(key)), until: until.map(Stamp), awaited, ..blank(what) }
            }
            Entry::Answered { key, value } => Self {
                step: Some(Step::of(key)),
                output: value.as_ref().ok().cloned(),
                error: value.as_ref().err().map(Error::of),
                ..blank(What::Answered)
            },
        }
    }
}

/// A limit that keeps a run from being executed.
#[derive(Debug, Serialize)]
pub(super) struct Hold {
    /// `concurrency`, `run_concurrency` or `throttle`
    by: &'static str,
    limit: u32,
    /// Of a throttle.
    period_ms: Option<Millis>,
    /// The key and its value, where the limit has one.
    of: Option<String>,
    /// When the next run of the throttle may start.
    until: Option<Stamp>,
}

impl Hold {
    pub(super) fn of(held: &HeldBy) -> Self {
        let text = |of: &Option<Arc<str>>| of.as_deref().map(str::to_owned);
        match held {
            HeldBy::Concurrency { limit, of } => {
                Self { by: "concurrency", limit: *limit, period_ms: None, of: text(of), until: None }
            }
            HeldBy::RunConcurrency { limit, of } => {
                Self { by: "run_concurrency", limit: *limit, period_ms: None, of: text(of), until: None }
            }
            HeldBy::Throttle { limit, period_ms, of, until } => Self {
                by: "throttle",
                limit: *limit,
                period_ms: Some(*period_ms),
                of: text(of),
                until: Some(Stamp(*until)),
            },
        }
    }
}

/// A line of the log.
#[derive(Debug, Serialize)]
pub(super) struct Log {
    at: Stamp,
    level: &'static str,
    message: String,
    fields: Option<Json>,
    step: Option<Step>,
    attempt: u32,
}

impl Log {
    pub(super) fn of(line: &LogLine) -> Self {
        Self {
            at: Stamp(line.at),
            level: line.level,
            message: line.message.clone(),
            fields: line.fields.clone(),
            step: line.step.as_ref().map(Step::of),
            attempt: line.attempt,
        }
    }
}
