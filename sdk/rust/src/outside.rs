//! Options of operations beyond steps and sleeps: waits for events, invocations, events to send.

use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// How long something is waited for at most, unless told otherwise: 365 days.
const TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// An event to wait for, see [`Step::wait_for_event`](crate::Step::wait_for_event).
///
/// ```
/// use std::time::Duration;
/// use stepwell::WaitFor;
///
/// let paid = WaitFor::event("shop/order.paid").matching("data.order_id").timeout(Duration::from_secs(3 * 24 * 3600));
/// ```
#[derive(Debug, Clone)]
pub struct WaitFor {
    event: String,
    field: Option<String>,
    filter: Option<String>,
    timeout: Duration,
}

impl WaitFor {
    /// An event of that name.
    #[must_use]
    pub fn event(name: impl Into<String>) -> Self {
        Self { event: name.into(), field: None, filter: None, timeout: TIMEOUT }
    }

    /// Only one whose field (such as `data.order_id`) has the value that it has in the event that started the run.
    #[must_use]
    pub fn matching(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Only one of which this CEL expression is true: `event` is what started the run, `async` what has come.
    #[must_use]
    pub fn when(mut self, filter: impl Into<String>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// No longer than that: 365 days unless told otherwise, at most 366.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) fn options(&self) -> String {
        self.json().to_string()
    }

    pub(crate) fn json(&self) -> Value {
        let mut options = json!({ "event": self.event, "timeout_ms": milliseconds(self.timeout) });
        if let Some(field) = &self.field {
            options["match"] = field.as_str().into();
        }
        if let Some(filter) = &self.filter {
            options["if"] = filter.as_str().into();
        }
        options
    }
}

/// A signal to wait for, see [`Step::wait_for_signal`](crate::Step::wait_for_signal).
#[derive(Debug, Clone)]
pub struct WaitForSignal {
    signal: String,
    replaces: bool,
    timeout: Duration,
}

impl WaitForSignal {
    /// The signal of that name. One run at a time waits for it: a second one fails.
    #[must_use]
    pub fn named(signal: impl Into<String>) -> Self {
        Self { signal: signal.into(), replaces: false, timeout: TIMEOUT }
    }

    /// Takes the place of a run that waits for it already, rather than failing.
    #[must_use]
    pub fn replacing(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// No longer than that: 365 days unless told otherwise, at most 366.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) fn options(&self) -> String {
        let on_conflict = if self.replaces { "replace" } else { "fail" };
        json!({ "signal": self.signal, "timeout_ms": milliseconds(self.timeout), "on_conflict": on_conflict })
            .to_string()
    }
}

/// A function to invoke, see [`Step::invoke`](crate::Step::invoke).
#[derive(Debug, Clone)]
pub struct Invoke {
    function: String,
    data: Result<Value, String>,
    timeout: Duration,
}

impl Invoke {
    /// The function of that id: `<plugin>-<function>`, or the function's own id for one of the same plugin.
    #[must_use]
    pub fn function(id: impl Into<String>) -> Self {
        Self { function: id.into(), data: Ok(json!({})), timeout: TIMEOUT }
    }

    /// The data of its event: anything that is a JSON object.
    #[must_use]
    pub fn data(mut self, data: impl Serialize) -> Self {
        self.data = serde_json::to_value(data).map_err(|error| error.to_string());
        self
    }

    /// Its end is waited for no longer than that: 365 days unless told otherwise. It is not ended by this.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) fn options(self) -> Result<String, String> {
        let timeout_ms = milliseconds(self.timeout);
        Ok(json!({ "function": self.function, "data": self.data?, "timeout_ms": timeout_ms }).to_string())
    }
}

/// An event to send, see [`Step::send_event`](crate::Step::send_event).
#[derive(Debug, Clone)]
pub struct NewEvent {
    json: Result<Value, String>,
}

impl NewEvent {
    /// An event of that name, with data that is a JSON object.
    #[must_use]
    pub fn new(name: impl Into<String>, data: impl Serialize) -> Self {
        let data = serde_json::to_value(data).map_err(|error| error.to_string());
        Self { json: data.map(|data| json!({ "name": name.into(), "data": data })) }
    }

    /// An id of its own: a second event with it starts no function again within 24 hours.
    #[must_use]
    pub fn id(self, id: impl Into<String>) -> Self {
        self.with("id", id.into().into())
    }

    /// When it happened, in milliseconds since 1970; in the future: when it is to start functions.
    #[must_use]
    pub fn at(self, ts: u64) -> Self {
        self.with("ts", ts.into())
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        if let Ok(json) = &mut self.json {
            json[key] = value;
        }
        self
    }

    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn value(self) -> Result<Value, String> {
        self.json
    }

    pub(crate) fn options(events: impl IntoIterator<Item = Self>) -> Result<String, String> {
        let events: Result<Vec<Value>, String> = events.into_iter().map(|event| event.json).collect();
        Ok(json!({ "events": events? }).to_string())
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
