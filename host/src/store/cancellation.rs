//! Ending many runs at once: what is wanted, and how far it has come.

use std::sync::Arc;

use async_trait::async_trait;

use super::Error;
use crate::expression::{self, Expression};
use crate::model::{CancellationId, FunctionKey, Millis, Namespace};

/// The wish to end the unended runs of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    pub id: CancellationId,
    pub function: Arc<FunctionKey>,
    /// Only runs that were started then or later.
    pub started_after: Option<Millis>,
    /// Only runs that were started before; with `None` all that there are.
    pub started_before: Option<Millis>,
    /// CEL over `event`, the first that started the run.
    pub filter: Option<Arc<str>>,
    pub which: Which,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    #[default]
    All,
    /// Runs that execute nothing at the moment.
    Waiting,
}

impl Cancellation {
    /// Whether its filter is one.
    pub fn check(&self) -> Result<(), expression::Error> {
        self.filter.as_deref().map_or(Ok(()), |filter| Expression::compile(filter).map(|_| ()))
    }
}

/// How far a cancellation has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancellationView {
    pub cancellation: Cancellation,
    /// Runs that it has told to end.
    pub told: u64,
    /// Every run that it is about has been looked at.
    pub is_finished: bool,
}

/// How many runs a cancellation would tell to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Estimate {
    pub runs: u64,
    /// False: there may be more, it was not looked further.
    pub is_all: bool,
}

/// The store's verbs for many runs at once.
#[async_trait]
pub trait Cancellations {
    /// Writes the wish down and begins with it. What it does not reach at once is handled beside everything else, by
    /// the next process too. `TooManyCancellations`.
    async fn cancel_many(&self, cancellation: Cancellation) -> Result<CancellationView, Error>;
    /// Says what it would do right now.
    async fn estimate(&self, cancellation: Cancellation) -> Result<Estimate, Error>;
    /// Newest first.
    async fn cancellations(&self, namespace: &Namespace) -> Result<Vec<CancellationView>, Error>;
    /// Forgets it: runs that it has not reached go on. Returns false if it is not known.
    async fn forget_cancellation(&self, namespace: &Namespace, id: CancellationId) -> Result<bool, Error>;
}
