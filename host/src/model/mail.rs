//! Letters to a run from outside, once they have been accepted.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::journal::OpKey;
use super::json::Json;

/// A message to a run: it stays in the store until the run has taken it into its journal or has ended. New variants go
/// at the end: the store keeps their position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Mail {
    /// The run is to end, its open steps first.
    Cancel { reason: Arc<str> },
    /// The answer that an operation has waited for.
    Answer { key: OpKey, value: Result<Json, Failure> },
}
