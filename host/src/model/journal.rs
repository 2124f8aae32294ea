//! The journal: what a run has durably done, record by record.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::json::Json;
use super::time::Millis;

/// An operation's identity within its run: the user's id, and the how-manieth use of that id it is (0-based).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpKey {
    pub id: Arc<str>,
    pub n: u32,
}

impl OpKey {
    pub fn new(id: impl Into<Arc<str>>, n: u32) -> Self {
        Self { id: id.into(), n }
    }
}

/// The id, with `:n` behind it from its second use on.
impl fmt::Display for OpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.n {
            0 => f.write_str(&self.id),
            n => write!(f, "{}:{n}", self.id),
        }
    }
}

impl fmt::Debug for OpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One line of a run's journal. `order` counts from 0 within the run, without gaps, assigned under the run's lease.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub order: u32,
    pub at: Millis,
    pub entry: Entry,
}

/// What happened. New variants go at the end: the store keeps their position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// A step ended: with a value, or with its final error.
    Step { key: OpKey, attempt: u32, started: Millis, value: Result<Json, Failure> },
    /// An attempt of a step failed; the next is due at `retry_at`.
    StepRetry { key: OpKey, started: Millis, error: Failure, retry_at: Millis },
    /// A sleep was reached; it ends at `until`.
    Sleep { key: OpKey, until: Millis },
    /// A sleep ended.
    Woke { key: OpKey },
    /// The body failed outside any step; it is entered again at `retry_at`.
    BodyRetry { error: Failure, retry_at: Millis },
    /// A host lost the run's lease: it crashed, or was taken over.
    Interrupted,
    /// An operation waits for something outside, no longer than until then.
    Waits { key: OpKey, what: Awaited, until: Option<Millis> },
    /// What such an operation has waited for; or what one that waits for nothing came to.
    Answered { key: OpKey, value: Result<Json, Failure> },
    /// The run was executed for the first time: written where that is where a time counts from.
    Began,
}

/// What an operation waits for. New variants go at the end: the store keeps their position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Awaited {
    Event {
        name: Arc<str>,
    },
    /// The end of a run of that function.
    Invocation {
        function: Arc<str>,
    },
    /// Nothing: it sends these events.
    Sending {
        events: u32,
    },
    Signal {
        signal: Arc<str>,
    },
    /// Nothing: it sends this signal.
    Signalling {
        signal: Arc<str>,
    },
}

impl Entry {
    /// Whether it is a result: what `next` delivers, and what resets the body's attempts and the interruptions.
    pub fn result(&self) -> Option<(&OpKey, Result<Json, Failure>)> {
        match self {
            Self::Step { key, value, .. } => Some((key, value.clone())),
            Self::Woke { key } => Some((key, Ok(Json::null()))),
            Self::Answered { key, value } => Some((key, value.clone())),
            Self::StepRetry { .. }
            | Self::Sleep { .. }
            | Self::BodyRetry { .. }
            | Self::Interrupted
            | Self::Began
            | Self::Waits { .. } => None,
        }
    }

    pub fn is_result(&self) -> bool {
        matches!(self, Self::Step { .. } | Self::Woke { .. } | Self::Answered { .. })
    }
}
