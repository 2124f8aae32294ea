//! The journal: what a run has durably done, record by record.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::id::RunId;
use super::json::Json;
use super::time::Millis;

/// An operation's identity within its run: the user's id, and which use of that id this is, counted from 0.
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

/// A line of a run's journal. `order` counts from 0 within the run, without gaps, assigned under the run's lease.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub order: u32,
    pub at: Millis,
    pub entry: Entry,
}

/// A recorded fact. New variants go at the end: the store keeps their position.
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
    /// The result of an operation: what it has waited for, or what it came to at once.
    Answered { key: OpKey, value: Result<Json, Failure> },
    /// The run was executed for the first time: written where that is where a time counts from.
    Began,
    /// The run does another one over, with the results that stand before this: those of steps that had succeeded, up to
    /// `from` where that is given, which gets the input where that is given.
    Replays { of: RunId, from: Option<OpKey>, input: Option<Json> },
}

/// The thing that an operation waits for. New variants go at the end: the store keeps their position.
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
    /// The response of that host to a request that this host makes. Attempts and result are recorded as a step's.
    Response {
        method: Arc<str>,
        host: Arc<str>,
    },
}

/// The waits of a run, by its journal: the records of operations that are not over and of a body that backs off, in
/// order. Empty for a run that waits for its turn alone.
pub fn awaited(journal: &[Record]) -> Vec<&Record> {
    let mut open: Vec<&Record> = Vec::new();
    for record in journal {
        let key = record.entry.key();
        if record.entry.is_result() {
            open.retain(|other| other.entry.key().is_some_and(|of| Some(of) != key));
        }
        match &record.entry {
            Entry::Sleep { .. } | Entry::Waits { .. } => open.push(record),
            Entry::StepRetry { .. } | Entry::BodyRetry { .. } => {
                open.retain(|other| other.entry.key() != key);
                open.push(record);
            }
            _ => {}
        }
    }
    open
}

impl Entry {
    /// The operation that it is about.
    pub fn key(&self) -> Option<&OpKey> {
        match self {
            Self::Step { key, .. }
            | Self::StepRetry { key, .. }
            | Self::Sleep { key, .. }
            | Self::Woke { key }
            | Self::Waits { key, .. }
            | Self::Answered { key, .. } => Some(key),
            Self::BodyRetry { .. } | Self::Interrupted | Self::Began | Self::Replays { .. } => None,
        }
    }

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
            | Self::Replays { .. }
            | Self::Waits { .. } => None,
        }
    }

    pub fn is_result(&self) -> bool {
        matches!(self, Self::Step { .. } | Self::Woke { .. } | Self::Answered { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn what_is_over_is_not_waited_for() {
        let key = |id: &str| OpKey::new(id, 0);
        let error = Failure::of_host(Kind::Application, "Error", "x");
        let retry = |id: &str| Entry::StepRetry { key: key(id), started: 0, error: error.clone(), retry_at: 9 };
        let waits = |id: &str| Entry::Waits { key: key(id), what: Awaited::Event { name: "e".into() }, until: None };
        let entries = [
            Entry::BodyRetry { error: error.clone(), retry_at: 1 },
            Entry::Sleep { key: key("nap"), until: 5 },
            waits("a"),
            waits("b"),
            retry("step"),
            Entry::Answered { key: key("a"), value: Ok(Json::null()) },
            retry("step"),
            Entry::Interrupted,
        ];
        let record = |(order, entry)| Record { order: order as u32, at: 0, entry };
        let journal: Vec<Record> = entries.into_iter().enumerate().map(record).collect();
        let open: Vec<u32> = awaited(&journal).iter().map(|record| record.order).collect();
        assert_eq!(open, [1, 3, 6], "a result ends the body's backoff, and a later retry stands for the one before");
    }
}
