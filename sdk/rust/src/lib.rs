//! Write durable functions for Stepwell in Rust.
//!
//! A durable function is started by events and made of steps. Each step's result is recorded, so that after a failure,
//! a wait or a crash the function goes on where it was; steps are retried by themselves; and when a run has failed for
//! good, its failure handler gets the error, the event, and what the run had done.
//!
//! ```
//! use serde::Deserialize;
//! use stepwell::{Context, FailureContext, Function, Result};
//!
//! stepwell::plugin!(import_images);
//!
//! fn import_images() -> Function {
//!     Function::new("import-product-images", import)
//!         .on("shop/product.imported")
//!         .retries(2)
//!         .on_failure(alert)
//! }
//!
//! #[derive(Deserialize)]
//! struct Product {
//!     sku: String,
//! }
//!
//! async fn import(Context { event, step, .. }: Context<Product>) -> Result<usize> {
//!     let urls = step.run("fetch", || fetch_urls(&event.data.sku)).await?;
//!     step.run("save", || save(&urls)).await?;
//!     Ok(urls.len())
//! }
//!
//! async fn alert(FailureContext { error, step, .. }: FailureContext) -> Result<()> {
//!     step.run("alert", || alert_team(&error.to_string())).await?;
//!     Ok(())
//! }
//! # fn fetch_urls(sku: &str) -> Result<Vec<String>> { Ok(vec![sku.to_owned()]) }
//! # fn save(_: &[String]) -> Result<()> { Ok(()) }
//! # fn alert_team(_: &str) -> Result<()> { Ok(()) }
//! ```
//!
//! # What a body must keep to
//! The body, all that is outside of steps, is run again from its start whenever there is news, and has to take the same
//! way each time. Time and randomness are the run's own there, so they do no harm; files, requests and statics belong
//! into steps. Don't let the order of a `HashMap` decide which steps are reached: use a `BTreeMap`.
//!
//! # Side by side
//! [`join!`], [`try_join!`], [`join_all`], [`try_join_all`], [`race`](race()), [`race_all`] and [`first_ok`] work on
//! operations and on whole `async` blocks of them, and so does any combinator that needs no runtime, such as those of
//! `futures`. The host runs steps that are reached together on all its cores.
//!
//! # Tests
//! With the feature `testing`, `stepwell::testing` is a host in memory for a plugin's own tests.

mod base64;
#[doc(hidden)]
pub mod bindings;
pub mod blocking;
mod context;
mod drive;
mod error;
mod event;
mod failure;
mod fetch;
mod flow;
mod function;
mod host;
mod json;
mod log;
mod operations;
mod output;
mod outside;
#[doc(hidden)]
pub mod plugin;
mod race;
mod retry;
mod step;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use context::{Context, FailedRun, FailureContext};
pub use error::{Error, NonRetriableError, Result, ResultExt, RetryAfterError};
pub use event::{Event, Events, FunctionError, FunctionFailed};
pub use failure::{Cause, Failure, FailureKind, OperationKey, StepError};
pub use fetch::{Request, Response};
pub use flow::{Batch, Concurrency, Debounce, RateLimit, Singleton, Throttle};
pub use function::{Function, Trigger};
pub use futures_util::future::{Either, join_all, try_join_all};
pub use futures_util::{join, try_join};
pub use log::{Level, Log};
pub use output::StepOutput;
pub use outside::{Invoke, NewEvent, WaitFor, WaitForSignal};
pub use race::{AggregateError, first_ok, race, race_all};
pub use retry::Retry;
pub use step::{Attempt, Step};
