//! Events: what starts a run.

use crate::error::{Error, Result};
use crate::json;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, SystemTime};

/// An event, its data typed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Event<T = Value> {
    /// Its name, as `shop/product.imported`.
    pub name: String,
    /// Its data.
    pub data: T,
    /// Its id.
    #[serde(default)]
    pub id: String,
    /// When it happened, in milliseconds since 1970.
    #[serde(default)]
    pub ts: f64,
}

impl<T> Event<T> {
    /// When it happened.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::try_from_secs_f64(self.ts / 1000.0).unwrap_or_default()
    }
}

/// The events that started a run: one, but for batches. Those after the first are read when asked for.
#[derive(Debug, Clone)]
pub struct Events<T = Value> {
    json: Vec<String>,
    data: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Events<T> {
    pub(crate) fn new(json: Vec<String>) -> Self {
        Self { json, data: PhantomData }
    }

    pub(crate) fn first(&self) -> Result<Event<T>> {
        self.json
            .first()
            .map_or_else(|| Err(Error::own("EventError", "the run has no event".to_owned())), |json| read(json))
    }

    /// All of them, in order.
    ///
    /// # Errors
    /// A `DeserializeError`, not to be retried, if `T` does not fit the data of one.
    pub fn read(&self) -> Result<Vec<Event<T>>> {
        self.json.iter().map(|json| read(json)).collect()
    }

    /// How many there are: at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.json.len()
    }
}

/// The data of the event `inngest/function.failed`: what a function that listens to failures gets.
///
/// ```
/// use stepwell::{Context, Function, FunctionFailed, Result};
///
/// fn report_failures() -> Function {
///     Function::new("report-failures", report).on("inngest/function.failed")
/// }
///
/// async fn report(Context { event, log, .. }: Context<FunctionFailed>) -> Result<()> {
///     log.error(format!("{} failed: {}", event.data.function_id, event.data.error.message));
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct FunctionFailed<T = Value> {
    /// The failed function's composite id, `<plugin>-<function>`.
    pub function_id: String,
    /// The failed run.
    pub run_id: String,
    /// The event that had started it.
    pub event: Event<T>,
    /// All events that had started it, the first included.
    #[serde(default = "Vec::new")]
    pub events: Vec<Event<T>>,
    /// The error it failed with.
    pub error: FunctionError,
}

/// The error in the data of `inngest/function.failed`, with Inngest's keys and those that Stepwell adds.
///
/// The event is read leniently, whatever it has or lacks: a failure is told even if its error looks like no error.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "Value")]
#[non_exhaustive]
pub struct FunctionError {
    /// The error's type name.
    pub name: String,
    /// The error's message.
    pub message: String,
    /// Where it happened.
    pub stack: Option<String>,
    /// The error behind it. What was no error but plain data is one of no name, with the data as its message.
    pub cause: Option<Box<FunctionError>>,
    /// The code its author gave it.
    pub code: Option<String>,
    /// Its custom fields.
    pub details: Option<Value>,
    /// The kind of failure: `application`, `trap`, `timeout`, `limit` …
    pub kind: Option<String>,
    /// The id of the step it came from.
    pub step_id: Option<String>,
    /// How many attempts there were.
    pub attempts: Option<u32>,
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            f.write_str(&self.name)?;
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// Rebuilt: reporters that take any error, with its sources, take this one.
impl std::error::Error for FunctionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl From<Value> for FunctionError {
    /// An error's object, or whatever else was thrown.
    fn from(error: Value) -> Self {
        let mut fields = match error {
            Value::Object(fields) if fields.contains_key("message") => fields,
            Value::String(message) => return Self { message, ..Self::default() },
            other => return Self { message: other.to_string(), ..Self::default() },
        };
        let mut take = |field: &str| fields.remove(field).filter(|value| !value.is_null());
        Self {
            name: take("name").and_then(text).unwrap_or_default(),
            message: take("message").and_then(text).unwrap_or_default(),
            stack: take("stack").and_then(text),
            cause: take("cause").map(|cause| Box::new(Self::from(cause))),
            code: take("code").and_then(text),
            details: take("details"),
            kind: take("kind").and_then(text),
            step_id: take("step_id").and_then(text),
            attempts: take("attempts").and_then(|attempts| u32::try_from(attempts.as_u64()?).ok()),
        }
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn read<T: DeserializeOwned>(json: &str) -> Result<Event<T>> {
    json::read(json).map_err(|error| {
        let wanted = std::any::type_name::<T>();
        let message = format!("failed to read the event's data as {wanted}: {error}");
        Error::own("DeserializeError", message)
    })
}
