//! Durable truth: events, runs, journals and versions, behind verbs of the domain.
//!
//! Each verb is one transaction. What a verb has answered survives the process; with `strict` durability it survives
//! the machine. [`conformance`] is the suite that every store passes.

mod bulk_retry;
mod cancellation;
mod codec;
pub mod conformance;
mod fault;
mod sqlite;

pub use bulk_retry::{BulkRetries, BulkRetry, BulkRetryView, Code, FailedRuns, Refusal};
pub use cancellation::{Cancellation, CancellationView, Cancellations, Estimate, Which};
pub use fault::{POINTS as FAULT_POINTS, point as fault_point};
pub use sqlite::{Durability, Options, SqliteStore, Stats};

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use crate::model::{
    Digest, Ended, Event, EventId, FunctionKey, HeldBy, Invoker, Json, Mail, Millis, Namespace, NewRun, OpKey, Outcome,
    PluginName, Record, RunId, Status, Terms,
};

/// An error of the store itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The plan was made against an older generation of the registry: plan again.
    #[error("the plan is of registry generation {planned}, the store is at {current}")]
    StaleGeneration { planned: u64, current: u64 },
    /// The lease was taken over or has ended: its former holder may no longer write.
    #[error("the lease of run {0} has been lost")]
    LeaseLost(RunId),
    /// Another run waits for that signal.
    #[error("Signal conflict; run {holder} waits for signal {signal:?}")]
    SignalTaken { signal: Arc<str>, holder: RunId },
    /// None of them has finished.
    #[error("{0} cancellations are under way: delete one, or wait until one has finished")]
    TooManyCancellations(usize),
    /// None of them has finished.
    #[error("{0} bulk retries are under way: delete one, or wait until one has finished")]
    TooManyBulkRetries(usize),
    /// The data folder cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The store is closing.
    #[error("the store is closing")]
    Closing,
    /// The engine below failed.
    #[error("the database failed: {0}")]
    Engine(String),
}

impl Error {
    /// Whether trying the same again may work.
    pub fn is_transient(&self) -> bool {
        self.overtaken_by().is_some()
    }

    /// The registry's generation that the plan was overtaken by; `None` if the error has another cause.
    pub fn overtaken_by(&self) -> Option<u64> {
        match self {
            Self::StaleGeneration { current, .. } => Some(*current),
            _ => None,
        }
    }
}

/// An event and the runs that it starts, as the router planned them.
#[derive(Debug, Clone)]
pub struct Publication {
    pub event: Arc<Event>,
    pub runs: Vec<NewRun>,
}

/// The outcome of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub event: EventId,
    /// The runs that were started: those planned, less those that the sender's event id had started before.
    pub started: Vec<RunId>,
}

/// The right to drive one run, and all that is needed to do it.
#[derive(Debug, Clone)]
pub struct Lease {
    pub run: RunId,
    pub function: Arc<FunctionKey>,
    pub version: Digest,
    /// The fencing token: grows with every lease of the run.
    pub epoch: u64,
    /// At least one; one unless the run is of a batch.
    pub events: Vec<Arc<Event>>,
    /// In order.
    pub journal: Vec<Record>,
    pub secret: [u8; 32],
    pub failed_run: Option<RunId>,
    pub invoker: Option<Invoker>,
    pub terms: Option<Arc<Terms>>,
}

/// A side effect of an operation, outside of its run.
#[derive(Debug, Clone, Default)]
pub struct Effect {
    /// Events that it sends, with the runs that they start.
    pub publications: Vec<Publication>,
    /// The event that it waits for: the first that is published from then on and passes the filter is its answer.
    pub wait: Option<Wait>,
    /// The signal that it waits for.
    pub signal_wait: Option<SignalWait>,
    /// The signal that it sends.
    pub signal: Option<Signal>,
}

/// A signal that somebody waits for: one at a time for each name.
#[derive(Debug, Clone)]
pub struct SignalWait {
    pub signal: Arc<str>,
    pub on_conflict: OnConflict,
    pub until: Millis,
}

/// The fate of a second wait for the same signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// The second wait is refused.
    #[default]
    Fail,
    /// The second wait takes the place of the first, which only its timeout ends.
    Replace,
}

#[derive(Debug, Clone)]
pub struct Signal {
    pub signal: Arc<str>,
    pub data: Json,
}

/// The outcome of a side effect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// The events that it has sent.
    pub events: Vec<EventId>,
    /// The run that took its signal.
    pub receiver: Option<RunId>,
}

/// An event that somebody waits for.
#[derive(Debug, Clone)]
pub struct Wait {
    pub event: Arc<str>,
    /// CEL over `event`, which started the run, and `async`, which has come. It compiles.
    pub filter: Option<Arc<str>>,
    /// Later events are no answer.
    pub until: Option<Millis>,
}

/// The state of a run when its lease is given back.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The run waits: for `due`, or with `None` until something wakes it.
    Park { due: Option<Millis> },
    /// The run has ended. `lifecycle` is written with it, plans and all, in the same transaction.
    End { outcome: Outcome, at: Millis, generation: u64, lifecycle: Vec<Publication> },
    /// The host is stopping: the run goes back as it was and counts no interruption.
    Release,
}

/// The outcome of the wish to end a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The run will end: at once if nothing of it executes, else when its open steps have ended.
    Accepted,
    /// The run had ended before.
    Ended,
    /// There is no such run.
    Unknown,
}

/// A run that does another one over.
#[derive(Debug, Clone)]
pub struct Replay {
    /// With `replay_of`. Its events are that run's.
    pub run: NewRun,
    /// The records that its journal begins with.
    pub records: Vec<Record>,
    pub repeat: Repeat,
}

/// Whether a replayed run is replayed once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    Again,
    Once,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    Started(RunId),
    /// That was done before, by this run.
    Before(RunId),
    /// Its function does not let it start.
    Refused(&'static str),
}

/// Whether a function starts runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// Events are kept, their runs are skipped; what runs goes on.
    Paused,
    Resumed,
}

/// A version of a plugin, as the store keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub digest: Digest,
    pub namespace: Namespace,
    pub plugin: PluginName,
    /// The array that `describe` answered, one object for each function (`Definition::to_json`).
    pub definitions: Json,
    /// When it became live last.
    pub activated: Millis,
    pub is_live: bool,
}

/// A run as people look at it.
#[derive(Debug, Clone)]
pub struct RunView {
    pub id: RunId,
    pub function: Arc<FunctionKey>,
    pub version: Digest,
    pub events: Vec<EventId>,
    pub failed_run: Option<RunId>,
    /// The run that it does over.
    pub replay_of: Option<RunId>,
    /// Its replays, oldest first. Empty in listings.
    pub replays: Vec<RunId>,
    pub status: Status,
    /// Whether its code has been executed, also if it waits again.
    pub has_begun: bool,
    /// When it waits until, where that is known.
    pub due: Option<Millis>,
    /// The limits that keep it from being executed now.
    pub held_by: Option<HeldBy>,
    /// How many events it has gathered, where it waits for more.
    pub gathers: Option<u32>,
    pub ended: Option<Ended>,
    /// Empty in listings.
    pub journal: Vec<Record>,
    /// Empty in listings.
    pub log: Vec<LogLine>,
}

/// Which runs a listing wants. Newest first.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    pub status: Option<Status>,
    /// Composite id.
    pub function: Option<String>,
    /// Only runs older than this one: the cursor.
    pub before: Option<RunId>,
    /// Only dead letters: failed runs of failure functions.
    pub dead_letters: bool,
    pub limit: usize,
}

/// Which events a listing wants. Newest first.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub names: EventNames,
    /// Received then or later.
    pub from: Option<Millis>,
    /// Received then or earlier.
    pub until: Option<Millis>,
    /// Only events older than this one: the cursor.
    pub before: Option<EventId>,
    pub limit: usize,
}

/// The names of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EventNames {
    #[default]
    All,
    /// Not the host's own, which begin with `inngest/`.
    Sent,
    One(String),
}

/// A line of a run's log. (`step`, `attempt`, `order`, `nth`) identifies it within the run, however often the body is
/// replayed.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// The step's attempt if a step was open, else the body's; counted from 0.
    pub attempt: u32,
    /// The order of the last result delivered before it, plus one; 0 before any. A step's line has its step's.
    pub order: u32,
    /// The number of the line behind that result, counted from 0. A step's lines count on from where it was planned.
    pub nth: u32,
    /// The step that was open, if any.
    pub step: Option<OpKey>,
    pub at: Millis,
    /// `debug`, `info`, `warn`, `error`, `stdout`, `stderr`.
    pub level: &'static str,
    pub message: String,
    /// A JSON object, where there are fields.
    pub fields: Option<Json>,
}

/// How soon a record has to be on its way to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// With the next commit, at most [`crate::limits::RECORD_WAIT_MS`] from now.
    Lazy,
    /// At once: its step has sent something out.
    Eager,
}

/// The one door to what is durable.
#[async_trait]
pub trait Store: BulkRetries + Cancellations + Send + Sync + std::fmt::Debug {
    // Plugins.

    /// Keeps a version's bytes and makes it the live one of its plugin; answers the new generation. Idempotent.
    async fn activate(&self, version: Version, bytes: Arc<[u8]>) -> Result<u64, Error>;
    /// Makes no version of the plugin live; its runs go on. Answers the new generation.
    async fn retire(&self, namespace: &Namespace, plugin: &PluginName) -> Result<u64, Error>;
    /// All versions that are live or that an unended run is pinned to, without bytes.
    async fn versions(&self) -> Result<Vec<Version>, Error>;
    /// A version's bytes.
    async fn component(&self, digest: Digest) -> Result<Option<Arc<[u8]>>, Error>;
    /// Unended runs of each version.
    async fn unended_by_version(&self) -> Result<Vec<(Digest, u64)>, Error>;
    /// The registry's generation.
    fn generation(&self) -> u64;

    // Events and runs.

    /// Writes events and the runs they start, all or none. An event that was sent under the same seed within 24 hours is
    /// that event: it is not written again, and what it started then is answered. A run that the event's `sender_id`
    /// already started for the same function within 24 hours is left out. Runs of an event whose time is still to come
    /// are due then. `StaleGeneration` when the registry has moved on since `generation`.
    async fn publish(&self, generation: u64, events: Vec<Publication>) -> Result<Vec<Published>, Error>;

    /// Up to `max` runs that are due at `now`, oldest first, each leased to this host. Never waits.
    async fn lease(&self, max: usize, now: Millis) -> Result<Vec<Lease>, Error>;
    /// When the earliest of the waiting runs is due.
    fn next_due(&self) -> Option<Millis>;
    /// Ends when, since it last ended, a run has become ready or `next_due` has moved forward. Misses nothing: what
    /// happens between two calls ends the second at once.
    async fn ready(&self);

    /// Whether no run is leased and none is ready: the host is at rest until `next_due`.
    fn is_idle(&self) -> bool;

    /// Takes records into the journal, in order. Returns before they are durable.
    fn append(&self, lease: &Lease, records: Vec<Record>, urgency: Urgency) -> Result<(), Error>;
    /// Ends when all that was appended under this lease is durable: the barrier before anything leaves the sandbox.
    async fn flush(&self, lease: &Lease) -> Result<(), Error>;
    /// Does what an operation does outside of its run, once: asked again, under whatever lease, it answers the same and
    /// does nothing. `StaleGeneration` when the registry has moved on since `generation`; `SignalTaken`.
    async fn act(&self, lease: &Lease, key: OpKey, generation: u64, effect: Effect) -> Result<Done, Error>;
    /// Whether the lease has margin left: asked right before something leaves the sandbox.
    fn holds(&self, lease: &Lease) -> bool;
    /// Takes log lines, each once. Best effort: exempt from durability.
    fn log(&self, lease: &Lease, lines: Vec<LogLine>);
    /// Gives the lease back. With `End` the outcome, the lifecycle events and the runs that they start are one
    /// transaction, and followers learn of it once it is durable. `StaleGeneration`: plan the lifecycle again.
    async fn settle(&self, lease: &Lease, verdict: Verdict) -> Result<(), Error>;

    /// Starts a run that does another one over, with that one's events. `StaleGeneration` when the registry has moved on.
    async fn replay(&self, generation: u64, replay: Replay) -> Result<Replayed, Error>;

    /// Takes one more place of the run's concurrency limits, for another instance beside those that execute. If there is
    /// none, [`Self::mail_came`] ends once there may be.
    fn widen(&self, lease: &Lease) -> bool;
    /// Gives back one of the run's places: also the first, which came with the lease, where no instance executes. What is
    /// left goes back with the lease.
    fn narrow(&self, lease: &Lease);

    /// Pauses or resumes a function. Idempotent.
    async fn pause(&self, function: &Arc<FunctionKey>, pause: Pause) -> Result<(), Error>;
    /// The functions that are paused.
    async fn paused(&self) -> Result<Vec<Arc<FunctionKey>>, Error>;

    // Mail: what reaches a run from outside. A run that waits is woken by it.

    /// Gives a signal to the run that waits for it, and answers which that is.
    async fn signal(&self, namespace: &Namespace, signal: Signal) -> Result<Option<RunId>, Error>;
    /// Tells the run to end. Idempotent.
    async fn cancel(&self, namespace: &Namespace, run: RunId, reason: &str) -> Result<Cancelled, Error>;
    /// The run's mail behind that number, each with its own. Without any it answers at once.
    async fn mail(&self, lease: &Lease, after: i64) -> Result<Vec<(i64, Mail)>, Error>;
    /// Ends when mail has come that [`Self::mail`] was not asked for since, or when there may be a place that
    /// [`Self::widen`] could not have.
    async fn mail_came(&self, lease: &Lease);
    /// The mail up to that number is in the journal, or has no effect: it is thrown away when the lease is given back.
    fn took_mail(&self, lease: &Lease, up_to: i64);

    // Reads.

    /// The journal of a run and how it ended, for its failure handler.
    async fn failed_run(&self, run: RunId) -> Result<Option<(Vec<Record>, Outcome)>, Error>;
    async fn run(&self, namespace: &Namespace, run: RunId) -> Result<Option<RunView>, Error>;
    async fn runs(&self, namespace: &Namespace, filter: RunFilter) -> Result<Vec<RunView>, Error>;
    async fn event(&self, namespace: &Namespace, event: EventId) -> Result<Option<Arc<Event>>, Error>;
    async fn events(&self, namespace: &Namespace, filter: EventFilter) -> Result<Vec<Arc<Event>>, Error>;
    /// The runs that an event started; `None` when there is no such event.
    async fn runs_of_event(&self, namespace: &Namespace, event: EventId) -> Result<Option<Vec<RunView>>, Error>;
    /// Ends when the run has ended and that is durable; `None` when there is no such run.
    async fn ended(&self, namespace: &Namespace, run: RunId) -> Result<Option<Ended>, Error>;

    /// Writes what is still buffered and stops. Nothing may be asked after it.
    async fn close(&self);
}
