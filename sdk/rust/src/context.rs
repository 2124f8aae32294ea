//! The context that a handler is called with.

use crate::bindings::stepwell::plugin::types::{self, RunContext};
use crate::error::Result;
use crate::event::{Event, Events, FunctionFailed};
use crate::failure::{self, Failure, OperationKey, StepError};
use crate::host::Host;
use crate::log::Log;
use crate::step::Step;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The context of a function's handler. `T` is the type of the event's data.
///
/// ```
/// # use stepwell::{Context, Result};
/// #[derive(serde::Deserialize)]
/// struct Imported { sku: String }
///
/// async fn import(Context { event, step, .. }: Context<Imported>) -> Result<()> {
///     step.run("fetch", || fetch(&event.data.sku)).await?;
///     Ok(())
/// }
/// # fn fetch(_: &str) -> Result<()> { Ok(()) }
/// ```
#[non_exhaustive]
pub struct Context<T = Value, S = Step> {
    /// The event that started the run; the first, if it was a batch.
    pub event: Event<T>,
    /// All events that started the run.
    pub events: Events<T>,
    /// The run's id.
    pub run_id: String,
    /// The attempt, counted from 0. While a step is retried, in its closure and on the way to it, the step's own;
    /// else the body's, which counts its failures since the last new result.
    pub attempt: u32,
    /// How many attempts the body and each step have: retries + 1.
    pub max_attempts: u32,
    /// The durable operations.
    pub step: S,
    /// The run's log.
    pub log: Log,
}

/// The context of a failure handler, called once a run of its function has failed for good.
///
/// `T` is the type of the data of the event that had started the failed run. Beware: if the run failed because its
/// event's data did not fit, neither will it here, so a handler that must always work takes the default,
/// [`Value`](serde_json::Value).
///
/// ```
/// # use stepwell::{FailureContext, Result};
/// async fn alert(FailureContext { error, event, failed, step, .. }: FailureContext) -> Result<()> {
///     let saved: Option<u32> = failed.step("save")?;
///     let sku = &event.data.event.data["sku"];
///     step.run("alert", || Ok(println!("{sku}: {error}, after saving {saved:?}"))).await?;
///     Ok(())
/// }
/// ```
#[non_exhaustive]
pub struct FailureContext<T = Value, S = Step> {
    /// The error that the run failed with.
    pub error: Failure,
    /// The event `inngest/function.failed`; its `data.event` is the event that had started the failed run.
    pub event: Event<FunctionFailed<T>>,
    /// The failed run, and what it had done.
    pub failed: FailedRun,
    /// The id of the handler's own run.
    pub run_id: String,
    /// The handler's attempt (0-based).
    pub attempt: u32,
    /// How many attempts the handler and each of its steps have.
    pub max_attempts: u32,
    /// The durable operations, remembered under the handler's own run.
    pub step: S,
    /// The log of the handler's own run.
    pub log: Log,
}

/// A failed run, as its failure handler sees it.
#[derive(Clone)]
#[non_exhaustive]
pub struct FailedRun {
    /// Its id.
    pub run_id: String,
    host: &'static dyn Host,
}

impl FailedRun {
    /// The recorded result of the first use of a step's id; `None` if it had none.
    ///
    /// ```
    /// # use stepwell::{FailedRun, Result};
    /// # fn handler(failed: FailedRun) -> Result<()> {
    /// if let Some(reservation) = failed.step::<String>("reserve")? {
    ///     println!("to be released: {reservation}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The step's own error, if it is its failure that is recorded; a `DeserializeError` if `T` does not fit its
    /// result.
    pub fn step<T: DeserializeOwned>(&self, id: &str) -> Result<Option<T>, StepError> {
        self.nth_step(id, 0)
    }

    /// The recorded result of the n-th use (0-based) of a step's id; `None` if it had none.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn nth_step<T: DeserializeOwned>(&self, id: &str, n: u32) -> Result<Option<T>, StepError> {
        let key = OperationKey { id: id.to_owned(), n };
        self.host.failed_step(&key).map(|result| failure::read(key, result)).transpose()
    }
}

impl<T: DeserializeOwned, S> Context<T, S> {
    pub(crate) fn read(context: RunContext, step: S, host: &'static dyn Host) -> Result<Self> {
        let events = Events::new(context.events);
        Ok(Self {
            event: events.first()?,
            events,
            run_id: context.run_id,
            attempt: context.attempt,
            max_attempts: context.max_attempts,
            step,
            log: Log::new(host),
        })
    }
}

impl<T: DeserializeOwned, S> FailureContext<T, S> {
    pub(crate) fn read(context: RunContext, error: types::Failure, step: S, host: &'static dyn Host) -> Result<Self> {
        let event: Event<FunctionFailed<T>> = Events::new(context.events).first()?;
        Ok(Self {
            error: error.into(),
            failed: FailedRun { run_id: event.data.run_id.clone(), host },
            event,
            run_id: context.run_id,
            attempt: context.attempt,
            max_attempts: context.max_attempts,
            step,
            log: Log::new(host),
        })
    }
}
