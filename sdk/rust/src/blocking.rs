//! The blocking style, for code that wants no `async`: the same operations, without `.await`.
//!
//! ```
//! use stepwell::{Function, Result, blocking};
//!
//! fn hello() -> Function {
//!     Function::blocking("hello", greet).on("demo/hello")
//! }
//!
//! fn greet(blocking::Context { event, step, .. }: blocking::Context) -> Result<String> {
//!     step.run("greet", || Ok(format!("Hello, {}!", event.data["name"])))
//!         .map_err(Into::into)
//! }
//! ```
//!
//! One operation at a time: what is to go on side by side needs the async style.

use crate::drive;
use crate::error::Result;
use crate::failure::StepError;
use crate::operations::Operations;
use crate::output::StepOutput;
use crate::step::{self, Attempt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

/// What a blocking handler is called with; see [`crate::Context`].
pub type Context<T = Value> = crate::Context<T, Step>;

/// What a blocking failure handler is called with; see [`crate::FailureContext`].
pub type FailureContext<T = Value> = crate::FailureContext<T, Step>;

/// The durable operations of a run, blocking; see [`crate::Step`].
///
/// An operation that the host is to see to, as a sleep, ends the instance there; the run is entered again later.
#[derive(Clone)]
pub struct Step {
    step: step::Step,
    operations: Rc<Operations>,
}

impl Step {
    pub(crate) fn new(operations: &Rc<Operations>) -> Self {
        Self { step: step::Step::new(operations), operations: Rc::clone(operations) }
    }

    /// Runs a closure as a step; see [`crate::Step::run`].
    ///
    /// # Errors
    /// As there.
    pub fn run<T, M, O: StepOutput<T, M>>(
        &self,
        id: impl Into<Cow<'static, str>>,
        closure: impl FnOnce() -> O,
    ) -> Result<T, StepError>
    where
        T: Serialize + DeserializeOwned,
    {
        drive::wait(&self.operations, self.step.run(id, closure))
    }

    /// Runs a closure that asks for its [`Attempt`] as a step; see [`crate::Step::run_with`].
    ///
    /// # Errors
    /// As there.
    pub fn run_with<T, M, O: StepOutput<T, M>>(
        &self,
        id: impl Into<Cow<'static, str>>,
        closure: impl FnOnce(Attempt) -> O,
    ) -> Result<T, StepError>
    where
        T: Serialize + DeserializeOwned,
    {
        drive::wait(&self.operations, self.step.run_with(id, closure))
    }

    /// Waits; see [`crate::Step::sleep`].
    ///
    /// # Errors
    /// As there.
    pub fn sleep(&self, id: impl Into<Cow<'static, str>>, duration: Duration) -> Result<(), StepError> {
        drive::wait(&self.operations, self.step.sleep(id, duration))
    }
}
