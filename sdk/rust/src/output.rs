//! Results that a step's closure may yield, and how values cross the host.

use crate::drive;
use crate::error::{Error, Result};
use serde::Serialize;
use std::future::Future;

/// The result of a step's closure: a [`Result`], or, of an `async` closure, a future of one.
///
/// `M` only tells the two apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "a step's closure yields a `stepwell::Result<T>`, or a future of one, not `{Self}`",
    label = "yields `{Self}`",
    note = "end the closure with `Ok(…)`; inside it `?` converts any error"
)]
pub trait StepOutput<T, M> {
    #[doc(hidden)]
    fn complete(self) -> Result<T>;
}

/// Marks the output of a plain closure.
#[doc(hidden)]
pub struct Plain;

/// Marks the output of an async closure.
#[doc(hidden)]
pub struct Async;

impl<T> StepOutput<T, Plain> for Result<T> {
    fn complete(self) -> Result<T> {
        self
    }
}

impl<T, F: Future<Output = Result<T>>> StepOutput<T, Async> for F {
    fn complete(self) -> Result<T> {
        drive::complete(self)
    }
}

/// Writes a value as JSON; `whose` names it in the error.
pub(crate) fn write(value: &impl Serialize, whose: &str) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::own("SerializeError", format!("failed to write the {whose} as JSON: {error}")))
}
