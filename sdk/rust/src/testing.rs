//! A host in memory: plugins are tested by `cargo test`, without WebAssembly, and a week passes in no time.
//!
//! ```toml
//! [dev-dependencies]
//! stepwell-sdk = { version = "0.1", features = ["testing"] }
//! ```
//!
//! ```
//! use stepwell::{Context, Error, FailureContext, Function, Result};
//!
//! fn import_images() -> Function {
//!     Function::new("import-images", import).on("shop/product.imported").retries(2).on_failure(alert)
//! }
//!
//! async fn import(Context { step, .. }: Context) -> Result<usize> {
//!     let urls: Vec<String> = step.run("fetch", || Ok(vec!["front.webp".to_owned()])).await?;
//!     step.run("save", || Ok(())).await?;
//!     Ok(urls.len())
//! }
//!
//! async fn alert(FailureContext { error, failed, step, .. }: FailureContext) -> Result<String> {
//!     let urls: Vec<String> = failed.step("fetch")?.unwrap_or_default();
//!     Ok(step.run("tell", || Ok(format!("{error}; {} images wait", urls.len()))).await?)
//! }
//!
//! use stepwell::testing::{Status, TestHost, json};
//!
//! let host = TestHost::new([import_images()]);
//! host.mock("fetch", ["front.webp", "back.webp"]); // instead of the step's code
//! host.fail("save", Error::msg("the shop is down")); // each of its attempts
//!
//! let run = host.execute("shop/product.imported", json!({ "sku": "mug-42" }));
//! assert_eq!((run.status(), run.step("save").attempts), (Status::Failed, 3));
//! assert_eq!(run.handler().output(), "Error: the shop is down; 2 images wait");
//! ```
//!
//! The kit does what the host does: attempts of steps and of the body, passes through the body, values through JSON,
//! failure handlers, who listens to what. Panics are caught and told as traps. Other than on the host:
//!
//! - Retries have no jitter: 15 s, 30 s, 1 min …
//! - Expressions are not evaluated. A test that needs one panics, and is told what to do instead: start the function by
//!   [`TestHost::start`], say what a wait comes to by [`TestHost::mock`], cancel by [`TestHost::cancel`].
//! - Requests are not made: a fetch comes to what the test says.
//! - Limits of how often functions start and how many execute at once are ignored, batches too. Schedules start
//!   nothing. Neither memory nor the size of results is bounded.
//! - The clock that the code reads, and randomness, are the machine's.

#![expect(clippy::result_large_err, reason = "the contract's failures are large, and nothing here is in a hurry")]

mod definition;
mod doubles;
mod execution;
mod host;
mod journal;
mod lifecycle;
mod outside;
mod panics;
mod pass;
mod policy;
mod run;
#[cfg(test)]
mod tests;
mod world;

pub use doubles::{Asked, Reply, respond};
pub use host::{Injected, TestHost};
pub use run::{LogLine, Status, TestRun, TestStep};
pub use serde_json::json;
