//! Operations that a guest asks for, read from the contract's words (`wit/found-options.schema.json`).

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::history::OpKind;
use crate::expression::Expression;
use crate::limits;
use crate::model::{Backoff, Failure, Json, Kind, Millis, Redirects, Request, RetryOptions, same_field};
use crate::sandbox::Found;
use crate::store::{OnConflict, Signal, SignalWait};

/// An operation, understood.
#[derive(Debug)]
pub enum Operation {
    /// With what is said of its retries, where it is to have others than the function.
    Step(Option<RetryOptions>),
    Sleep {
        until: Millis,
    },
    Act(Act),
    Fetch(Fetch),
}

/// A request that the host is to make, retried as the function's steps are or as is said here.
#[derive(Debug)]
pub struct Fetch {
    pub request: Request,
    pub retry: RetryOptions,
}

/// An operation that has something to do outside of its run. Times are absolute.
#[derive(Debug)]
pub enum Act {
    WaitForEvent { event: Arc<str>, filter: Option<Arc<str>>, until: Millis },
    Invoke { function: Arc<str>, data: Json, until: Millis },
    SendEvents { events: Vec<Box<RawValue>> },
    WaitForSignal(SignalWait),
    SendSignal(Signal),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SleepOptions {
    ms: Option<f64>,
    until: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaitOptions {
    event: String,
    timeout_ms: f64,
    #[serde(rename = "match")]
    field: Option<String>,
    #[serde(rename = "if")]
    filter: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvokeOptions {
    function: String,
    data: Option<Box<RawValue>>,
    timeout_ms: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignalWaitOptions {
    signal: String,
    timeout_ms: f64,
    #[serde(default)]
    on_conflict: OnConflict,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignalOptions {
    signal: String,
    data: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendOptions {
    events: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FetchOptions {
    url: String,
    method: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    is_base64: bool,
    timeout_ms: Option<f64>,
    #[serde(default)]
    redirect: Redirects,
    retries: Option<u32>,
    backoff: Option<Backoff>,
    jitter_ms: Option<f64>,
}

impl Operation {
    /// Checks it. An error fails the run without retries: the same code would ask for the same again.
    pub fn read(found: &Found, now: Millis) -> Result<Self, Failure> {
        if found.key.id.is_empty() || found.key.id.len() > limits::STEP_ID_MAX_BYTES {
            let message = format!("an operation's id has to have 1 to {} bytes", limits::STEP_ID_MAX_BYTES);
            return Err(refused("InvalidStepId", message));
        }
        let Some(kind) = OpKind::parse(&found.kind) else {
            let message = format!(
                "operation {:?} is of kind {:?}, which this host does not know: it knows \"run\", \"sleep\", \
                 \"wait-for-event\", \"invoke\", \"send-events\", \"wait-for-signal\", \"send-signal\" and \"fetch\"",
                found.key, found.kind
            );
            return Err(refused("UnknownOperation", message));
        };
        match kind {
            OpKind::Step => step(found),
            OpKind::Sleep => sleep(found, now),
            OpKind::WaitForEvent => wait(found, now),
            OpKind::Invoke => invoke(found, now),
            OpKind::SendEvents => send(found),
            OpKind::WaitForSignal => wait_for_signal(found, now),
            OpKind::SendSignal => send_signal(found),
            OpKind::Fetch => fetch(found),
        }
    }

    pub fn kind(&self) -> OpKind {
        match self {
            Self::Step(_) => OpKind::Step,
            Self::Sleep { .. } => OpKind::Sleep,
            Self::Act(Act::WaitForEvent { .. }) => OpKind::WaitForEvent,
            Self::Act(Act::Invoke { .. }) => OpKind::Invoke,
            Self::Act(Act::SendEvents { .. }) => OpKind::SendEvents,
            Self::Act(Act::WaitForSignal(_)) => OpKind::WaitForSignal,
            Self::Act(Act::SendSignal(_)) => OpKind::SendSignal,
            Self::Fetch(_) => OpKind::Fetch,
        }
    }
}

fn step(found: &Found) -> Result<Operation, Failure> {
    if found.options == "{}" {
        return Ok(Operation::Step(None));
    }
    let retry: RetryOptions = options(found)?;
    match retry.problem() {
        Some(problem) => Err(invalid(found, &problem)),
        None => Ok(Operation::Step(Some(retry))),
    }
}

fn sleep(found: &Found, now: Millis) -> Result<Operation, Failure> {
    let until = match options(found)? {
        SleepOptions { ms: Some(ms), until: None } => now + duration(found, ms)?,
        SleepOptions { ms: None, until: Some(until) } => now + duration(found, (until - now as f64).max(0.0))?,
        _ => return Err(invalid(found, "it needs either `ms` or `until`")),
    };
    Ok(Operation::Sleep { until })
}

fn wait(found: &Found, now: Millis) -> Result<Operation, Failure> {
    let WaitOptions { event, timeout_ms, field, filter } = options(found)?;
    if event.is_empty() || event.len() > limits::EVENT_NAME_MAX_BYTES {
        let max = limits::EVENT_NAME_MAX_BYTES;
        return Err(invalid(found, &format!("the event's name has to have 1 to {max} bytes")));
    }
    let filter = match (field, filter) {
        (None, None) => None,
        (Some(field), None) => Some(same_field(&field)),
        (None, Some(filter)) => Some(filter),
        (Some(_), Some(_)) => return Err(invalid(found, "it has both `match` and `if`: say it all in `if`")),
    };
    if let Some(filter) = &filter {
        Expression::compile_wait(filter).map_err(|error| invalid(found, &error.to_string()))?;
    }
    let filter = filter.map(Into::into);
    let until = now + duration(found, timeout_ms)?;
    Ok(Operation::Act(Act::WaitForEvent { event: event.into(), filter, until }))
}

fn invoke(found: &Found, now: Millis) -> Result<Operation, Failure> {
    let InvokeOptions { function, data, timeout_ms } = options(found)?;
    let data = data.map_or_else(|| "{}".to_owned(), |data| data.get().to_owned());
    if !data.starts_with('{') {
        return Err(invalid(found, "`data` has to be an object"));
    }
    if data.len() > limits::STEP_OUTPUT_MAX_BYTES {
        return Err(invalid(found, &format!("`data` is longer than {} bytes", limits::STEP_OUTPUT_MAX_BYTES)));
    }
    let data = Json::of_guest(&data).map_err(|error| invalid(found, &error.to_string()))?;
    let until = now + duration(found, timeout_ms.unwrap_or(limits::INVOKE_DEFAULT_MS as f64))?;
    Ok(Operation::Act(Act::Invoke { function: function.into(), data, until }))
}

fn send(found: &Found) -> Result<Operation, Failure> {
    let SendOptions { events } = options(found)?;
    if events.is_empty() || events.len() > limits::EVENTS_PER_REQUEST_MAX {
        return Err(invalid(found, &format!("it has to send 1 to {} events", limits::EVENTS_PER_REQUEST_MAX)));
    }
    Ok(Operation::Act(Act::SendEvents { events }))
}

fn wait_for_signal(found: &Found, now: Millis) -> Result<Operation, Failure> {
    let SignalWaitOptions { signal, timeout_ms, on_conflict } = options(found)?;
    let until = now + duration(found, timeout_ms)?;
    Ok(Operation::Act(Act::WaitForSignal(SignalWait { signal: signal_name(found, signal)?, on_conflict, until })))
}

fn send_signal(found: &Found) -> Result<Operation, Failure> {
    let SignalOptions { signal, data } = options(found)?;
    let data = data.map_or_else(|| Ok(Json::null()), |data| Json::of_guest(data.get()));
    let data = data.map_err(|error| invalid(found, &error.to_string()))?;
    if data.len() > limits::STEP_OUTPUT_MAX_BYTES {
        return Err(invalid(found, &format!("`data` is longer than {} bytes", limits::STEP_OUTPUT_MAX_BYTES)));
    }
    Ok(Operation::Act(Act::SendSignal(Signal { signal: signal_name(found, signal)?, data })))
}

fn fetch(found: &Found) -> Result<Operation, Failure> {
    let asked: FetchOptions = options(found)?;
    let body = match asked.is_base64 {
        true => BASE64_STANDARD.decode(asked.body).map_err(|_| invalid(found, "`body` is not base64"))?,
        false => asked.body.into_bytes(),
    };
    let method = asked.method.as_deref().unwrap_or("GET");
    let request = Request::new(method, &asked.url, &asked.headers, body.into());
    let mut request = request.map_err(|error| invalid(found, &error.to_string()))?;
    request.timeout_ms = asked.timeout_ms.map(|ms| duration(found, ms)).transpose()?;
    request.redirects = asked.redirect;
    let retry = RetryOptions { retries: asked.retries, backoff: asked.backoff, jitter_ms: asked.jitter_ms };
    match retry.problem() {
        Some(problem) => Err(invalid(found, &problem)),
        None => Ok(Operation::Fetch(Fetch { request, retry })),
    }
}

fn signal_name(found: &Found, signal: String) -> Result<Arc<str>, Failure> {
    match signal.len() {
        1..=limits::SIGNAL_NAME_MAX_BYTES => Ok(signal.into()),
        _ => Err(invalid(found, &format!("the signal has to have 1 to {} bytes", limits::SIGNAL_NAME_MAX_BYTES))),
    }
}

fn options<T: DeserializeOwned>(found: &Found) -> Result<T, Failure> {
    serde_json::from_str(&found.options).map_err(|error| invalid(found, &error.to_string()))
}

/// Milliseconds, at most 366 days.
fn duration(found: &Found, ms: f64) -> Result<Millis, Failure> {
    if !ms.is_finite() || ms < 0.0 {
        return Err(invalid(found, &format!("{ms} is no duration in milliseconds")));
    }
    if ms > limits::SLEEP_MAX_MS as f64 {
        let message = format!("{} {:?} is longer than 366 days, the limit", found.kind, found.key);
        return Err(Failure::of_host(Kind::Limit, "InngestErrTimeoutTooLong", message).never_retried());
    }
    Ok(ms as Millis)
}

fn invalid(found: &Found, problem: &str) -> Failure {
    refused("InvalidOptions", format!("{} {:?}: its options are not valid: {problem}", found.kind, found.key))
}

fn refused(name: &str, message: String) -> Failure {
    Failure::of_host(Kind::Application, name, message).never_retried()
}
