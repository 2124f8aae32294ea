//! Events: what starts a run.

use crate::error::{Error, Result};
use serde::{Deserialize, Deserializer};
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
        self.json.first().map_or_else(|| Err(Error::msg("the run has no event").non_retriable()), |json| read(json))
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
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FunctionError {
    /// The error's type name.
    pub name: String,
    /// What it said.
    pub message: String,
    /// Where it happened.
    pub stack: Option<String>,
    /// The error behind it. What was no error but plain data is one of no name, with the data as its message.
    #[serde(deserialize_with = "cause")]
    pub cause: Option<Box<FunctionError>>,
    /// The code its author gave it.
    pub code: Option<String>,
    /// Its custom fields.
    pub details: Option<Value>,
    /// What kind of thing went wrong: `application`, `trap`, `timeout`, `limit` …
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

/// A cause as JSON: an error's object, or whatever else was thrown.
fn cause<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<FunctionError>>, D::Error> {
    let error = match Option::<Value>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Value::String(message)) => FunctionError { message, ..FunctionError::default() },
        Some(value) if value.get("message").is_some() => {
            serde_json::from_value(value).map_err(serde::de::Error::custom)?
        }
        Some(value) => FunctionError { message: value.to_string(), ..FunctionError::default() },
    };
    Ok(Some(Box::new(error)))
}

fn read<T: DeserializeOwned>(json: &str) -> Result<Event<T>> {
    serde_json::from_str(json).map_err(|error| {
        let wanted = std::any::type_name::<T>();
        let message = format!("failed to read the event's data as {wanted}: {error}");
        Error::new("DeserializeError", message).non_retriable()
    })
}
