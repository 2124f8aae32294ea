//! Retrying many failed runs: what is wanted, and how far it has come.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::expression::{self, Expression};
use crate::model::{BulkRetryId, Millis, Namespace, RunId};

/// The wish to retry failed runs, each once: those that failed before the wish was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkRetry {
    pub id: BulkRetryId,
    pub namespace: Namespace,
    pub which: FailedRuns,
    pub code: Code,
}

/// Which failed runs are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRuns {
    /// Composite id.
    pub function: Option<String>,
    /// Only failed runs of failure functions.
    pub dead_letters: bool,
    /// Only runs that were started then or later.
    pub started_after: Option<Millis>,
    /// Only runs that were started before.
    pub started_before: Option<Millis>,
    /// CEL over `event`, the run's `inngest/function.failed`.
    pub filter: Option<Arc<str>>,
}

/// On which code a run is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Code {
    /// The function's live version.
    #[default]
    Live,
    /// The version that the run was on.
    Same,
}

impl FailedRuns {
    /// Checks the filter's syntax.
    pub fn check(&self) -> Result<(), expression::Error> {
        self.filter.as_deref().map_or(Ok(()), |filter| Expression::compile(filter).map(|_| ()))
    }
}

/// How far a bulk retry has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkRetryView {
    pub retry: BulkRetry,
    /// Only runs older than this one are still to be looked at.
    pub reached: RunId,
    /// Runs that it has retried.
    pub retried: u64,
    /// Runs that had been retried before.
    pub already: u64,
    /// Runs that could not be retried.
    pub refused: u64,
    /// Of these the first ones, up to [`crate::limits::BULK_RETRY_REFUSALS_MAX`].
    pub refusals: Vec<Refusal>,
    /// Every run that it is about has been looked at.
    pub is_finished: bool,
}

/// A run that could not be retried, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub run_id: String,
    pub reason: String,
}

impl BulkRetryView {
    /// At its beginning.
    pub fn of(retry: BulkRetry) -> Self {
        let reached = RunId::from_bytes(retry.id.to_bytes());
        Self { retry, reached, retried: 0, already: 0, refused: 0, refusals: Vec::new(), is_finished: false }
    }
}

/// The store's verbs for bulk retries. The store only remembers them: the router, which plans runs, carries them out.
#[async_trait]
pub trait BulkRetries {
    /// Writes the wish down. Forgets the oldest that has finished if there are too many. `TooManyBulkRetries`.
    async fn begin_bulk_retry(&self, retry: BulkRetry) -> Result<BulkRetryView, Error>;
    /// Writes down how far it has come. Returns false if it was forgotten meanwhile.
    async fn note_bulk_retry(&self, view: BulkRetryView) -> Result<bool, Error>;
    /// Returns those of the namespace, newest first.
    async fn bulk_retries(&self, namespace: &Namespace) -> Result<Vec<BulkRetryView>, Error>;
    /// Returns the oldest that has not finished, of whatever namespace.
    async fn unfinished_bulk_retry(&self) -> Result<Option<BulkRetryView>, Error>;
    /// Forgets it: runs that it has not reached stay as they are. Returns false if it is not known.
    async fn forget_bulk_retry(&self, namespace: &Namespace, id: BulkRetryId) -> Result<bool, Error>;
}
