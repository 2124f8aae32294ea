//! A loaded version of a plugin: described once, entered as often as its runs need it.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::SemaphorePermit;
use wasmtime::component::InstancePre;

use super::bindings::{PluginPre, wit};
use super::check::Findings;
use super::contract::{self, Import};
use super::instance::{self, State};
use super::link::Link;
use super::meter::Meter;
use super::moment::Moment;
use super::ticker::Running;
use super::{
    Bounds, Control, Core, Decision, Entry, Error, Exit, Found, Grants, Line, Owner, Resolved, StepHost, Usage, engine,
};
use crate::limits;
use crate::model::{Definition, Digest, Failure, Json, Kind, OpKey};

/// A version of a plugin, linked and ready. Cheap to clone; its code is unmapped with the last clone.
#[derive(Clone)]
pub struct Plugin {
    loaded: Arc<Loaded>,
}

struct Loaded {
    digest: Digest,
    imports: Vec<String>,
    pre: PluginPre<State>,
    /// Seats it takes while it runs.
    seats: u32,
    /// The component's size: its image is smaller.
    bytes: usize,
    core: Arc<Core>,
}

impl Plugin {
    pub(super) fn new(
        core: Arc<Core>,
        digest: Digest,
        findings: Findings,
        pre: InstancePre<State>,
    ) -> Result<Self, Error> {
        let needs = pre.component().resources_required();
        let (memories, tables) = needs.map_or((0, 0), |needs| (needs.num_memories, needs.num_tables));
        if memories as usize > limits::INSTANCE_MEMORIES_MAX || tables as usize > limits::INSTANCE_TABLES_MAX {
            return Err(Error::TooManyMemories { memories, tables });
        }
        let seats = engine::seats_for(memories, tables, findings.instances).min(core.seats_max);
        let pre = PluginPre::new(pre).map_err(|error| Error::Mismatch(format!("{error:#}")))?;
        let loaded = Loaded { digest, imports: findings.imports, pre, seats, bytes: findings.bytes, core };
        Ok(Self { loaded: Arc::new(loaded) })
    }

    /// The version.
    pub fn digest(&self) -> Digest {
        self.loaded.digest
    }

    /// Every import with what it would be granted, for people.
    pub fn imports(&self) -> Vec<Import> {
        contract::imports(&self.loaded.imports)
    }

    /// Asks the plugin for its functions, with every capability denied and a small budget.
    pub async fn describe(&self) -> Result<Vec<Definition>, Error> {
        let _seated = self.seated().await;
        let bounds = Bounds { memory_bytes: limits::DESCRIBE_MEMORY_BYTES, deadline_ms: limits::DESCRIBE_DEADLINE_MS };
        let link = Arc::new(Link::new(Box::new(Nobody), bounds.deadline()));
        let meter = self.meter(bounds, Owner::Described, &link);
        let state = State::new(link, Moment::new(0, [0; 32]), Arc::default(), meter);
        match instance::describe(&self.loaded.core.turnstile, &self.loaded.pre, state).await {
            Ok(described) => read_definitions(described),
            Err(exit) => Err(Error::Describe(Box::new(refusal(exit)))),
        }
    }

    /// Enters a function in a fresh instance and comes back when it has ended. The host comes back too, whatever
    /// happened.
    pub async fn enter(
        &self,
        entry: Entry,
        host: Box<dyn StepHost>,
        grants: &Arc<Grants>,
        bounds: Bounds,
    ) -> (Exit, Box<dyn StepHost>) {
        let _seated = self.seated().await;
        let link = Arc::new(Link::new(host, bounds.deadline()));
        let moment = Moment::new(entry.started, entry.secret);
        let meter = self.meter(bounds, entry.owner.clone(), &link);
        let state = State::new(Arc::clone(&link), moment, Arc::clone(grants), meter);
        let exit = instance::enter(&self.loaded.core.turnstile, &self.loaded.pre, state, &entry).await;
        (exit, link.take_host())
    }

    fn meter(&self, bounds: Bounds, owner: Owner, link: &Arc<Link>) -> Meter {
        let claim = self.loaded.core.budget.claim(owner);
        Meter::new(bounds.memory_bytes, self.loaded.bytes, claim, Arc::clone(link))
    }

    /// Waits for room in the pool, and keeps the clock ticking.
    async fn seated(&self) -> (SemaphorePermit<'_>, Running) {
        let core = &self.loaded.core;
        let permit = core.seats.acquire_many(self.loaded.seats).await.expect("the semaphore is never closed");
        if let Some(keeper) = &core.keeper {
            keeper.note_guest();
        }
        (permit, core.ticker.running())
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("digest", &self.loaded.digest).finish_non_exhaustive()
    }
}

fn read_definitions(described: Vec<wit::Definition>) -> Result<Vec<Definition>, Error> {
    if described.len() > limits::FUNCTIONS_PER_PLUGIN_MAX {
        return Err(Error::TooManyFunctions(described.len()));
    }
    let mut ids = HashSet::new();
    for definition in &described {
        if !ids.insert(definition.id.as_str()) {
            return Err(Error::DuplicateFunction(definition.id.clone()));
        }
    }
    for definition in described.iter().filter(|definition| definition.has_failure_handler) {
        let failure_function = format!("{}-failure", definition.id);
        if ids.contains(failure_function.as_str()) {
            return Err(Error::FailureNameTaken(failure_function));
        }
    }
    let read = |found: &wit::Definition| {
        Definition::read(&found.id, &found.name, found.has_failure_handler, &found.options).map_err(Error::from)
    };
    described.iter().map(read).collect()
}

/// No setting moves what `describe` may use, so none is named.
fn bounded(mut failure: Failure) -> Failure {
    let limit = match failure.code.as_deref() {
        Some("deadline") => format!("{} ms", limits::DESCRIBE_DEADLINE_MS),
        Some("memory_limit") => format!("{} MiB of memory", limits::DESCRIBE_MEMORY_BYTES >> 20),
        _ => return failure,
    };
    failure.message =
        format!("it took more than {limit}: it is to say which functions there are, and to do nothing else");
    failure
}

fn refusal(exit: Exit) -> Failure {
    match exit {
        Exit::Faulted(failure) | Exit::Failed(failure) => bounded(failure),
        Exit::Suspended | Exit::Completed(_) => {
            Failure::of_host(Kind::Application, "Error", "it suspended itself, which only a run can do")
        }
    }
}

/// The host while a plugin describes itself: it refuses every call.
struct Nobody;

impl Nobody {
    fn refuse<T>() -> Result<T, Failure> {
        Err(Failure::of_host(Kind::Application, "Error", "it reached for a step, which only a run can do"))
    }
}

#[async_trait]
impl StepHost for Nobody {
    fn plan(&mut self, _found: Vec<Found>, _usage: Usage) -> Result<Vec<Decision>, Failure> {
        Self::refuse()
    }

    fn finish(&mut self, _key: OpKey, _value: Result<Json, Failure>) -> Result<Control, Failure> {
        Self::refuse()
    }

    fn next(&mut self) -> Option<Resolved> {
        None
    }

    fn step_input(&mut self, _key: &OpKey) -> Option<Json> {
        None
    }

    async fn failed_step(&mut self, _key: OpKey) -> Option<Result<Json, Failure>> {
        None
    }

    fn log(&mut self, line: Line) {
        tracing::debug!(level = line.level, "while described: {}", line.message);
    }

    fn clear_to_send(&mut self) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send>> {
        Box::pin(std::future::ready(false))
    }
}
