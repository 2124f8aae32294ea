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
//! A body runs a single operation at a time: operations side by side need the async style.

use crate::drive;
use crate::error::Result;
use crate::event::Event;
use crate::failure::StepError;
use crate::fetch::{Request, Response};
use crate::operations::Operations;
use crate::output::StepOutput;
use crate::outside::{Invoke, NewEvent, WaitFor, WaitForSignal};
use crate::retry::Retry;
use crate::step::{self, Attempt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

/// The context of a blocking handler; see [`crate::Context`].
pub type Context<T = Value> = crate::Context<T, Step>;

/// The context of a blocking failure handler; see [`crate::FailureContext`].
pub type FailureContext<T = Value> = crate::FailureContext<T, Step>;

/// The durable operations of a run, blocking; see [`crate::Step`].
///
/// An operation that the host handles, such as a sleep, ends the instance there; the run is entered again later.
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

    /// Runs a closure with an input as a step; see [`crate::Step::run_on`].
    ///
    /// # Errors
    /// As there.
    pub fn run_on<S, T, M, O: StepOutput<T, M>>(
        &self,
        id: impl Into<Cow<'static, str>>,
        input: S,
        closure: impl FnOnce(S) -> O,
    ) -> Result<T, StepError>
    where
        S: DeserializeOwned,
        T: Serialize + DeserializeOwned,
    {
        drive::wait(&self.operations, self.step.run_on(id, input, closure))
    }

    /// The same, for steps that are retried differently from the function; see [`crate::Step::retrying`].
    #[must_use]
    pub fn retrying(&self, retry: Retry) -> Self {
        Self { step: self.step.retrying(retry), operations: Rc::clone(&self.operations) }
    }

    /// Waits until a time; see [`crate::Step::sleep_until`].
    ///
    /// # Errors
    /// As there.
    pub fn sleep_until(&self, id: impl Into<Cow<'static, str>>, time: SystemTime) -> Result<(), StepError> {
        drive::wait(&self.operations, self.step.sleep_until(id, time))
    }

    /// Waits for an event; see [`crate::Step::wait_for_event`].
    ///
    /// # Errors
    /// As there.
    pub fn wait_for_event<T: DeserializeOwned>(
        &self,
        id: impl Into<Cow<'static, str>>,
        wait: WaitFor,
    ) -> Result<Option<Event<T>>, StepError> {
        drive::wait(&self.operations, self.step.wait_for_event(id, wait))
    }

    /// Starts a run of another function and waits for its result; see [`crate::Step::invoke`].
    ///
    /// # Errors
    /// As there.
    pub fn invoke<T: DeserializeOwned>(
        &self,
        id: impl Into<Cow<'static, str>>,
        invoke: Invoke,
    ) -> Result<T, StepError> {
        drive::wait(&self.operations, self.step.invoke(id, invoke))
    }

    /// Has the host make a request; see [`crate::Step::fetch`].
    ///
    /// # Errors
    /// As there.
    pub fn fetch(&self, id: impl Into<Cow<'static, str>>, request: Request) -> Result<Response, StepError> {
        drive::wait(&self.operations, self.step.fetch(id, request))
    }

    /// Waits for a signal; see [`crate::Step::wait_for_signal`].
    ///
    /// # Errors
    /// As there.
    pub fn wait_for_signal<T: DeserializeOwned>(
        &self,
        id: impl Into<Cow<'static, str>>,
        wait: WaitForSignal,
    ) -> Result<Option<T>, StepError> {
        drive::wait(&self.operations, self.step.wait_for_signal(id, wait))
    }

    /// Sends a signal; see [`crate::Step::send_signal`].
    ///
    /// # Errors
    /// As there.
    pub fn send_signal(
        &self,
        id: impl Into<Cow<'static, str>>,
        signal: &str,
        data: impl Serialize,
    ) -> Result<Option<String>, StepError> {
        drive::wait(&self.operations, self.step.send_signal(id.into(), signal, data))
    }

    /// Sends an event; see [`crate::Step::send_event`].
    ///
    /// # Errors
    /// As there.
    pub fn send_event(&self, id: impl Into<Cow<'static, str>>, event: NewEvent) -> Result<String, StepError> {
        drive::wait(&self.operations, self.step.send_event(id, event))
    }

    /// Sends several events; see [`crate::Step::send_events`].
    ///
    /// # Errors
    /// As there.
    pub fn send_events(
        &self,
        id: impl Into<Cow<'static, str>>,
        events: impl IntoIterator<Item = NewEvent>,
    ) -> Result<Vec<String>, StepError> {
        drive::wait(&self.operations, self.step.send_events(id, events))
    }

    /// Waits; see [`crate::Step::sleep`].
    ///
    /// # Errors
    /// As there.
    pub fn sleep(&self, id: impl Into<Cow<'static, str>>, duration: Duration) -> Result<(), StepError> {
        drive::wait(&self.operations, self.step.sleep(id, duration))
    }
}
