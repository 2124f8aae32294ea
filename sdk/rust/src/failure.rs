//! Failures as the host records them: what a step's await yields, and what a failure handler is told.

use crate::bindings::stepwell::plugin::types;
use crate::json;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::ops::Deref;

pub use types::{FailureKind, OperationKey};

/// An error as data, the same whatever language raised it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Failure {
    /// The kind of failure; `Application` is the function's own doing.
    pub kind: FailureKind,
    /// The error's type name; "Error" if it has no name.
    pub name: String,
    /// The error's message.
    pub message: String,
    /// Where it happened: a place for a Rust error, a backtrace for a trap, a stack in other languages.
    pub stack: Option<String>,
    /// The code its author gave it.
    pub code: Option<String>,
    /// Its custom fields.
    pub details: Option<Value>,
    /// The errors behind it, outermost first.
    pub causes: Vec<Cause>,
    /// The step it came from, if it came from one.
    pub step: Option<OperationKey>,
    /// The attempt it happened in (0-based).
    pub attempt: u32,
}

/// A link of a failure's chain of causes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Cause {
    /// The error's type name; "Error" where it is not known.
    pub name: String,
    /// The error's message.
    pub message: String,
    /// Where it happened, if that is known.
    pub stack: Option<String>,
    /// The code its author gave it.
    pub code: Option<String>,
    /// Its custom fields.
    pub details: Option<Value>,
}

/// How a step ended that failed for good: what awaiting it yields.
///
/// A step's error is an ordinary error: match on it and go on, wrap it, or let `?` pass it. If it is *the* error that
/// ends the body, the run fails at once, since the step has already used its retries. A body that fails with another
/// error which merely wraps it is retried.
///
/// Its fields are those of the [`Failure`] that it derefs to.
///
/// ```
/// # use stepwell::{Result, Step};
/// # async fn body(step: Step) -> Result<String> {
/// match step.run("reserve", || reserve()).await {
///     Ok(id) => Ok(id),
///     Err(error) if error.code.as_deref() == Some("SOLD_OUT") => Ok("waiting list".to_owned()),
///     Err(error) => Err(error.into()),
/// }
/// # }
/// # fn reserve() -> Result<String> { Ok(String::new()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StepError(Box<Failure>);

impl StepError {
    /// The id of the step that failed; empty for an operation that never was one, as one without an id.
    #[must_use]
    pub fn step_id(&self) -> &str {
        self.0.step.as_ref().map_or("", |key| &key.id)
    }

    /// The failure itself.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        *self.0
    }

    /// The record of the host for an operation.
    pub(crate) fn recorded(key: OperationKey, failure: types::Failure) -> Self {
        Self(Box::new(Failure { step: Some(key), ..failure.into() }))
    }

    /// An operation that the SDK refuses.
    pub(crate) fn refused(name: &str, message: String, step: Option<OperationKey>) -> Self {
        Self(Box::new(Failure {
            kind: FailureKind::Application,
            name: name.to_owned(),
            message,
            stack: None,
            code: None,
            details: None,
            causes: Vec::new(),
            step,
            attempt: 0,
        }))
    }
}

impl Deref for StepError {
    type Target = Failure;

    fn deref(&self) -> &Failure {
        &self.0
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for StepError {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        f.write_str(": ")?;
        f.write_str(&self.message)
    }
}

impl From<types::Failure> for Failure {
    fn from(wire: types::Failure) -> Self {
        Self {
            kind: wire.kind,
            name: wire.name,
            message: wire.message,
            stack: wire.stack,
            code: wire.code,
            details: wire.details.map(details),
            causes: wire.causes.into_iter().map(Cause::from).collect(),
            step: wire.step,
            attempt: wire.attempt,
        }
    }
}

impl From<types::Cause> for Cause {
    fn from(wire: types::Cause) -> Self {
        Self {
            name: wire.name,
            message: wire.message,
            stack: wire.stack,
            code: wire.code,
            details: wire.details.map(details),
        }
    }
}

/// Details are JSON by contract; should they not be, their text is still worth keeping.
fn details(json: String) -> Value {
    json::read(&json).unwrap_or(Value::String(json))
}

/// A recorded result as the type the code asks for.
pub(crate) fn read<T: DeserializeOwned>(
    key: OperationKey,
    result: Result<String, types::Failure>,
) -> Result<T, StepError> {
    match result {
        Ok(json) => json::read(&json).map_err(|error| misread::<T>(key, &error)),
        Err(failure) => Err(StepError::recorded(key, failure)),
    }
}

fn misread<T>(key: OperationKey, error: &serde_json::Error) -> StepError {
    let wanted = std::any::type_name::<T>();
    let message = format!("failed to read the result of step \"{}\" as {wanted}: {error}", key.id);
    StepError::refused("DeserializeError", message, Some(key))
}
