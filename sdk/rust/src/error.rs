//! The error that ends a step's attempt or a function's body.

use crate::bindings::stepwell::plugin::types::{self, RetryAdvice};
use crate::failure::{FailureKind, OperationKey, StepError};
use crate::race::AggregateError;
use serde::Serialize;
use std::any::type_name;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// The result of a function's body and of a step's closure.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A chain of causes is followed this far, so that an error which is its own source ends.
const CAUSES_MAX: usize = 1_000;

/// The error that ends a step's attempt or a function's body.
///
/// `?` makes one of any [`std::error::Error`]: its type becomes the name, its `Display` the message, its
/// [`source`](StdError::source)s the causes, and the place of the `?` the stack. What the host should do about it is
/// by the function's retry policy, unless the error says otherwise, see [`NonRetriableError`] and
/// [`RetryAfterError`], or [`ResultExt`] for errors that are not your own.
///
/// ```
/// use stepwell::{Error, Result, ResultExt};
///
/// fn price(text: &str) -> Result<u32> {
///     let cents: u32 = text.parse().non_retriable()?; // "ParseIntError", with its message; not worth a retry
///     if cents == 0 {
///         return Err(Error::new("PriceError", "a price must not be zero").with_code("ZERO"));
///     }
///     Ok(cents)
/// }
///
/// let error = price("0").unwrap_err();
/// assert_eq!((error.name(), error.code()), ("PriceError", Some("ZERO")));
/// assert_eq!(price("x").unwrap_err().name(), "ParseIntError");
/// ```
pub struct Error(Box<types::Failure>);

impl Error {
    /// An error of this name and message.
    #[track_caller]
    pub fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(types::Failure {
            kind: FailureKind::Application,
            name: name.into(),
            message: message.into(),
            stack: Some(place(Location::caller())),
            code: None,
            details: None,
            causes: Vec::new(),
            step: None,
            attempt: 0,
            advice: RetryAdvice::ByPolicy,
        }))
    }

    /// An error of which there is nothing to say but this; its name is "Error".
    #[track_caller]
    pub fn msg(message: impl Into<String>) -> Self {
        Self::new("Error", message)
    }

    /// Makes an error of an [`anyhow::Error`]. (`?` cannot convert one: it is not a [`std::error::Error`].)
    #[cfg(feature = "anyhow")]
    #[track_caller]
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
    pub fn from_anyhow(error: anyhow::Error) -> Self {
        let error: &(dyn StdError + 'static) = error.as_ref();
        Self::read(error, known_name(error).unwrap_or("Error"), Location::caller())
    }

    /// The same error, not worth a retry.
    #[must_use]
    pub fn non_retriable(mut self) -> Self {
        self.0.advice = RetryAdvice::Never;
        self
    }

    /// The same error, to be retried after this time instead of the policy's; the host clips it to 1 second … 24 hours.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.0.advice = RetryAdvice::After(delay.as_secs_f64() * 1000.0);
        self
    }

    /// The same error with a code for programs to act on.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// The same error with fields of its own: a struct or a map. Anything else is kept as the one field `value`.
    #[must_use]
    pub fn with_details(mut self, details: &impl Serialize) -> Self {
        self.0.details = Some(object(serde_json::to_value(details)));
        self
    }

    /// The same error, caused by another.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Error>) -> Self {
        let cause = cause.into().0;
        self.0.causes = std::iter::once(types::Cause {
            name: cause.name,
            message: cause.message,
            stack: cause.stack,
            code: cause.code,
            details: cause.details,
        })
        .chain(cause.causes)
        .take(CAUSES_MAX)
        .collect();
        self
    }

    /// Its name: the type of the error it was made of.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Its code, if it has one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// An error of the SDK's own, which no retry mends. Its place would be one in the SDK, so it has none.
    pub(crate) fn own(name: &str, message: String) -> Self {
        let mut error = Self::new(name, message).non_retriable();
        error.0.stack = None;
        error
    }

    /// As the failure that ends a body: a step's error that comes through as it is ends the run.
    pub(crate) fn of_body(self) -> types::Failure {
        *self.0
    }

    /// As the failure that ends a step's attempt. The error of *another* step is this step's own then, and as final
    /// as it was there.
    pub(crate) fn of_step(mut self) -> types::Failure {
        if self.0.step.take().is_some() {
            self.0.kind = FailureKind::Application;
        }
        *self.0
    }

    /// As the failure that ends a step for good.
    pub(crate) fn of_step_for_good(self) -> types::Failure {
        types::Failure { advice: RetryAdvice::Never, ..self.of_step() }
    }

    fn read(error: &(dyn StdError + 'static), name: &str, location: &Location<'_>) -> Self {
        if let Some(step) = error.downcast_ref::<StepError>() {
            return Self::of(step);
        }
        let advice = if error.is::<NonRetriableError>() {
            RetryAdvice::Never
        } else if let Some(retry) = error.downcast_ref::<RetryAfterError>() {
            RetryAdvice::After(retry.delay.as_secs_f64() * 1000.0)
        } else {
            RetryAdvice::ByPolicy
        };
        Self(Box::new(types::Failure {
            kind: FailureKind::Application,
            name: name.to_owned(),
            message: error.to_string(),
            stack: Some(place(location)),
            code: None,
            details: error.downcast_ref::<AggregateError>().map(AggregateError::details),
            causes: causes(error),
            step: None,
            attempt: 0,
            advice,
        }))
    }

    fn of(step: &StepError) -> Self {
        Self(Box::new(types::Failure {
            kind: step.kind,
            name: step.name.clone(),
            message: step.message.clone(),
            stack: step.stack.clone(),
            code: step.code.clone(),
            details: step.details.as_ref().map(ToString::to_string),
            causes: step_causes(step).collect(),
            step: step.step.clone(),
            attempt: step.attempt,
            advice: RetryAdvice::Never,
        }))
    }
}

impl<E: StdError + 'static> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::read(&error, short_name(type_name::<E>()), Location::caller())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// An error that is not worth a retry: the step, or the run, fails at once.
///
/// Only as the error itself, as in Inngest: an error that has one as its source is retried.
#[derive(Debug)]
pub struct NonRetriableError {
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl NonRetriableError {
    /// An error that says this.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// The same error, caused by another.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for NonRetriableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for NonRetriableError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// An error to be retried after a time of its own, not the policy's; the host clips it to 1 second … 24 hours.
///
/// Only as the error itself, as in Inngest: an error that has one as its source is retried as the policy says.
#[derive(Debug)]
pub struct RetryAfterError {
    message: String,
    delay: Duration,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl RetryAfterError {
    /// An error that says this, to be retried after `delay`.
    pub fn new(message: impl Into<String>, delay: Duration) -> Self {
        Self { message: message.into(), delay, source: None }
    }

    /// The same error, caused by another.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for RetryAfterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for RetryAfterError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Retry advice, codes and details for errors that are not your own.
pub trait ResultExt<T> {
    /// The error is not worth a retry.
    ///
    /// # Errors
    /// The error of this result.
    fn non_retriable(self) -> Result<T>;

    /// The error is to be retried after this time instead of the policy's.
    ///
    /// # Errors
    /// The error of this result.
    fn retry_after(self, delay: Duration) -> Result<T>;

    /// The error gets a code for programs to act on.
    ///
    /// # Errors
    /// The error of this result.
    fn code(self, code: &str) -> Result<T>;
}

impl<T, E: Into<Error>> ResultExt<T> for std::result::Result<T, E> {
    #[track_caller]
    fn non_retriable(self) -> Result<T> {
        // A `match`, not `map_err`: the place of the error is this method's caller, which a closure would hide.
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into().non_retriable()),
        }
    }

    #[track_caller]
    fn retry_after(self, delay: Duration) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into().retry_after(delay)),
        }
    }

    #[track_caller]
    fn code(self, code: &str) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into().with_code(code)),
        }
    }
}

/// A type's own name: without its path and generics.
fn short_name(full: &str) -> &str {
    let plain = full.split('<').next().unwrap_or(full);
    plain.rsplit(':').next().unwrap_or(plain)
}

/// The name of an error that is only known as `dyn Error`: ours, and what the standard library's parsers yield.
fn known_name(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    macro_rules! known {
        ($($kind:ty),* $(,)?) => {
            [$((error.is::<$kind>(), type_name::<$kind>())),*]
        };
    }
    known![
        NonRetriableError,
        RetryAfterError,
        std::num::ParseIntError,
        std::num::ParseFloatError,
        std::num::TryFromIntError,
        std::str::Utf8Error,
        std::string::FromUtf8Error,
    ]
    .into_iter()
    .find_map(|(is, name)| is.then(|| short_name(name)))
}

/// The errors behind this one, outermost first.
fn causes(error: &(dyn StdError + 'static)) -> Vec<types::Cause> {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let (Some(error), true) = (source, causes.len() < CAUSES_MAX) {
        if let Some(step) = error.downcast_ref::<StepError>() {
            causes.push(step_cause(step));
            causes.extend(step_causes(step));
            break;
        }
        causes.push(types::Cause {
            name: known_name(error).unwrap_or("Error").to_owned(),
            message: error.to_string(),
            stack: None,
            code: None,
            details: None,
        });
        source = error.source();
    }
    causes
}

fn step_cause(step: &StepError) -> types::Cause {
    types::Cause {
        name: step.name.clone(),
        message: step.message.clone(),
        stack: step.stack.clone(),
        code: step.code.clone(),
        details: step.details.as_ref().map(ToString::to_string),
    }
}

fn step_causes(step: &StepError) -> impl Iterator<Item = types::Cause> {
    step.causes.iter().map(|cause| types::Cause {
        name: cause.name.clone(),
        message: cause.message.clone(),
        stack: cause.stack.clone(),
        code: cause.code.clone(),
        details: cause.details.as_ref().map(ToString::to_string),
    })
}

/// Details are a JSON object by contract.
pub(crate) fn object(details: serde_json::Result<serde_json::Value>) -> String {
    use serde_json::{Value, json};
    match details {
        Ok(Value::Object(fields)) => Value::Object(fields),
        Ok(value) => json!({ "value": value }),
        Err(error) => json!({ "value": format!("failed to write as JSON: {error}") }),
    }
    .to_string()
}

fn place(location: &Location<'_>) -> String {
    format!("at {}:{}:{}", location.file(), location.line(), location.column())
}

/// The effect of a nested operation on the step it was reached in.
pub(crate) fn nested(outer: &str, inner: &str) -> StepError {
    StepError::refused(
        "NestedStepError",
        format!(
            "step \"{outer}\" reached operation \"{inner}\" inside its closure: a step is one unit, so end it and start \
             the other after it"
        ),
        None::<OperationKey>,
    )
}
