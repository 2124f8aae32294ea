//! Runs: one execution of a function for its events.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::flow::{Door, Terms};
use super::function::{CancelOn, FunctionKey};
use super::id::{Digest, RunId};
use super::journal::OpKey;
use super::json::Json;
use super::time::Millis;

/// A run about to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    pub id: RunId,
    pub function: Arc<FunctionKey>,
    /// The version that runs it, to its end.
    pub version: Digest,
    /// Seeds the body's randomness.
    pub secret: [u8; 32],
    /// For a run of a failure function: the run that failed.
    pub failed_run: Option<RunId>,
    /// The operation that started it and that is told its end.
    pub invoker: Option<Invoker>,
    /// The events that cancel it.
    pub cancel_on: Arc<[CancelOn]>,
    /// Which run it does over.
    pub replay_of: Option<RunId>,
    pub door: Door,
    pub terms: Option<Arc<Terms>>,
}

/// An operation that waits for the end of a run which it has started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoker {
    pub run: RunId,
    pub key: OpKey,
}

/// `<run>.<operation>`: what lifecycle events call `correlation_id`.
impl fmt::Display for Invoker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.run, self.key)
    }
}

/// How far a run is, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Accepted, or waiting: for its turn, a retry, a sleep.
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,
    /// The run was not to start.
    Skipped,
}

/// How a run ended. New variants go at the end: the store keeps their position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    Completed(Json),
    Failed(Failure),
    /// Somebody wanted it to end: neither a success nor a failure.
    Cancelled {
        reason: Arc<str>,
    },
    /// The run was written down and never started.
    Skipped {
        reason: Arc<str>,
    },
}

/// A run's end, as its followers learn it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    pub run: RunId,
    pub at: Millis,
    pub outcome: Outcome,
    /// The runs that its lifecycle events started: its failure run, and listeners.
    pub started: Vec<RunId>,
}
