//! Guest code under limits: wasmtime, and the contract translated into the model's words.
//!
//! The room knows nothing of stores and runs. The caller of a plugin brings a [`StepHost`], which serves the guest.

mod bindings;
mod budget;
mod check;
mod compile;
mod contract;
mod engine;
mod error;
mod fault;
mod imports;
mod instance;
mod link;
mod meter;
mod moment;
mod output;
mod plugin;
mod resident;
mod ticker;
mod translate;
mod turns;
mod turnstile;

pub use compile::{COMPILE_COMMAND, child_main as compile_child_main};
pub use contract::Import;
pub use error::Error;
pub use imports::{Connections, Unfetched, fetch};
pub use plugin::Plugin;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::model::{Digest, Event, Failure, Json, Millis, Namespace, OpKey, PluginName, RunId};

/// Loads plugins and gives them a place to run in.
pub struct Sandbox {
    core: Arc<Core>,
    linker: Linker<instance::State>,
    workshop: compile::Workshop,
}

/// State that plugins need as long as they live, also after the sandbox is gone.
struct Core {
    engine: Engine,
    ticker: ticker::Ticker,
    /// `None`: memories are not reset in place.
    keeper: Option<resident::Keeper>,
    /// Room for instances: most plugins take one.
    seats: Semaphore,
    seats_max: u32,
    /// The turns of those that compute.
    turnstile: Arc<turnstile::Turnstile>,
    /// The memory that all instances hold.
    budget: Arc<budget::Budget>,
}

impl Sandbox {
    /// Sets up the engine, the cache of compiled code and everything that plugins may import.
    pub fn new(options: Options) -> Result<Arc<Self>, Error> {
        let seats_max = u32::try_from(options.instances).unwrap_or(u32::MAX).max(1);
        let engine = engine::runner(seats_max, options.memory)?;
        let ticker = ticker::Ticker::start(&engine)?;
        let keeper = engine::resets_in_place(options.memory).then(resident::Keeper::start).transpose()?;
        let workshop = compile::Workshop::new(options.cache, options.compiler, &engine)?;
        let mut linker = Linker::new(&engine);
        imports::add_to_linker(&mut linker).map_err(|error| Error::Engine(format!("{error:#}")))?;
        let seats = Semaphore::new(seats_max as usize);
        let turnstile = turnstile::Turnstile::new(options.computing);
        let budget = budget::Budget::new(options.memory_total);
        let core = Arc::new(Core { engine, ticker, keeper, seats, seats_max, turnstile, budget });
        Ok(Arc::new(Self { core, linker, workshop }))
    }

    /// Checks a component, compiles it unless that was done before, and links it.
    pub async fn load(&self, bytes: Arc<[u8]>) -> Result<Plugin, Error> {
        let (findings, digest) = look_at(Arc::clone(&bytes)).await?;
        let component = self.workshop.component(&self.core.engine, &digest, bytes).await?;
        let pre = self.linker.instantiate_pre(&component).map_err(|error| Error::Mismatch(format!("{error:#}")))?;
        Plugin::new(Arc::clone(&self.core), digest, findings, pre)
    }
}

/// Milliseconds for the largest component, so not among the tasks that run guests.
async fn look_at(bytes: Arc<[u8]>) -> Result<(check::Findings, Digest), Error> {
    let look = move || check::check(&bytes).map(|findings| (findings, Digest::of(&bytes)));
    tokio::task::spawn_blocking(look).await.expect("the look does not panic")
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("seats", &self.core.seats_max).finish_non_exhaustive()
    }
}

/// An operation that the guest has reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub key: OpKey,
    /// As the guest said it; the executor knows which kinds there are.
    pub kind: String,
    /// A JSON text by kind, not yet looked at.
    pub options: String,
}

/// The decision about an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The guest runs the step's closure here and now; this is its attempt.
    Run {
        attempt: u32,
    },
    Noted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    Proceed,
    Stop,
}

/// A recorded result on its way to the body.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    pub key: OpKey,
    pub value: Result<Json, Failure>,
    /// The body's clock moves to it.
    pub at: Millis,
    /// The record's order: the body's randomness starts again from it.
    pub order: u32,
}

/// A line that the guest wrote: by `log.write`, stdout or stderr.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// `debug`, `info`, `warn`, `error`, `stdout`, `stderr`.
    pub level: &'static str,
    /// The text, bounded and without control characters and escapes.
    pub message: String,
    /// A JSON object, where there are fields.
    pub fields: Option<Json>,
}

/// The memory that an instance holds at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub memory_bytes: usize,
    pub memory_max_bytes: usize,
}

/// The host as the guest sees it. An `Err` from `plan` or `finish` ends the instance with [`Exit::Faulted`].
#[async_trait]
pub trait StepHost: Send {
    /// Returns a decision for each operation found, in order.
    fn plan(&mut self, found: Vec<Found>, usage: Usage) -> Result<Vec<Decision>, Failure>;
    /// The outcome of the closure of the operation that was answered `Run`. A value that is not JSON arrives as an
    /// error.
    fn finish(&mut self, key: OpKey, value: Result<Json, Failure>) -> Result<Control, Failure>;
    /// The next recorded result.
    fn next(&mut self) -> Option<Resolved>;
    /// In a failure handler: the failed run's recorded result of that step.
    async fn failed_step(&mut self, key: OpKey) -> Option<Result<Json, Failure>>;
    /// The input that the step is to have in place of the code's own.
    fn step_input(&mut self, key: &OpKey) -> Option<Json>;
    fn log(&mut self, line: Line);
    /// Called before each outbound request. It may leave once the future has answered `true`; on `false` the host has
    /// lost its right to this run and the instance is ended.
    fn clear_to_send(&mut self) -> Pin<Box<dyn Future<Output = bool> + Send>>;
    /// Tells when the run is cancelled: its open requests end then. Unless said otherwise, nobody cancels it.
    fn cancellation(&mut self) -> CancellationToken {
        CancellationToken::new()
    }
}

/// A party that shares turns and memory with others: each plugin is one, whatever its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A component that is asked for its functions.
    Described,
    Plugin(Namespace, PluginName),
}

/// Why and with what a plugin is entered.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The party whose turn and memory it takes.
    pub owner: Owner,
    pub run: RunId,
    /// The id from the definition.
    pub function: String,
    pub attempt: u32,
    pub max_attempts: u32,
    pub events: Vec<Arc<Event>>,
    /// Enter `on-failure` with this error rather than `run`.
    pub on_failure: Option<Failure>,
    /// Seeds the body's randomness.
    pub secret: [u8; 32],
    /// Where the body's clock stands until the first result is delivered.
    pub started: Millis,
}

/// How an entry ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Exit {
    Completed(Json),
    Suspended,
    /// The body returned or threw this error.
    Failed(Failure),
    /// The guest could not have caught this: a trap, a deadline, a limit, or what the [`StepHost`] refused with.
    Faulted(Failure),
}

/// Grants of a plugin. The default is nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grants {
    /// Hosts that requests may go to.
    pub hosts: Vec<HostGrant>,
    /// The variables of `std::env`, `process.env` and `os.environ`.
    pub variables: BTreeMap<String, String>,
    /// Connections to the hosts that are kept open.
    pub connections: Connections,
}

/// A host that requests may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostGrant {
    /// `api.example.com`, `*.example.com`, or `*` for all public hosts.
    pub host: String,
    /// `None`: the scheme's own port only.
    pub port: Option<u16>,
    /// Whether the name may resolve to a loopback, private or link-local address.
    pub private: Reach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    PublicOnly,
    PrivateToo,
}

/// The bounds of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub memory_bytes: usize,
    /// For each attempt of a step and each stretch of the body, in real milliseconds.
    pub deadline_ms: u64,
}

/// How the room is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Compiled code is kept here, by digest and engine.
    pub cache: PathBuf,
    pub compiler: Compiler,
    /// Instances alive at once.
    pub instances: usize,
    /// Instances that compute at once; the others wait for the host, or for their turn.
    pub computing: usize,
    pub memory: InstanceMemory,
    /// Memory of all instances together, in bytes.
    pub memory_total: usize,
}

/// Where an instance's memory comes from (docs/decisions/0008).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceMemory {
    /// From the instance before, wiped in place, where the system can tell which pages that has written.
    Reset,
    /// From the system.
    Fresh,
}

/// Where components are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// In a child process of this `stepwell` executable, under limits.
    Child(PathBuf),
    /// Right here, without limits: for tests, and for components that one trusts.
    InProcess,
}

#[cfg(test)]
mod tests;
