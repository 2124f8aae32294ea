//! Plays a seed from its first event to the end of its last run.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use stepwell::executor::{self, Executor};
use stepwell::model::{Clock, Entry, Event, IdSource, Millis, Namespace, PluginName, RunId};
use stepwell::registry::{Allowance, Registry, Settings};
use stepwell::router::{Router, Timetable};
use stepwell::sandbox::{self, Bounds, Compiler, Grants, InstanceMemory, Sandbox};
use stepwell::scheduler::Scheduler;
use stepwell::store::{Durability, Error, Options, Pause, RunFilter, RunView, SqliteStore, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::check;
use super::ledger::Ledger;
use super::plan::{Plan, Sent, What};
use super::shaky::{Fuse, Shaky};
use crate::clock::{START, VirtualClock};
use crate::guests;

/// Runs executing at once.
const WORKERS: usize = 16;
/// Turns of the runtime after which a host that does not come to rest is broken.
const TURNS_MAX: u32 = 1_000_000;

/// The view from outside at the end of a seed.
#[derive(Default)]
pub struct Seen {
    pub acknowledged: Vec<Sent>,
    /// Results of operations, as they were first seen.
    pub results: HashMap<(RunId, String), String>,
}

/// A host in this thread.
struct House {
    store: Arc<Shaky>,
    registry: Arc<Registry>,
    router: Arc<Router>,
    timetable: Arc<Timetable>,
    ids: Arc<IdSource>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// All that outlives a host.
struct Seed {
    number: u64,
    folder: tempfile::TempDir,
    clock: Arc<VirtualClock>,
    ledger: Arc<Ledger>,
    namespace: Namespace,
    lives: u64,
    seen: Seen,
}

/// Plays the seed, and checks what is promised.
pub fn play(number: u64, plan: &Plan) -> Result<(), String> {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let mut seed = Seed {
        number,
        folder: folder.map_err(|error| error.to_string())?,
        clock: Arc::new(VirtualClock::new()),
        ledger: Arc::default(),
        namespace: Namespace::default(),
        lives: 0,
        seen: Seen::default(),
    };
    let mut deeds = plan.deeds.iter();
    // What a life has not come to is done in the next one.
    let mut next = deeds.next();
    loop {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let has_ended = runtime.block_on(async {
            let house = seed.open().await?;
            let has_ended = seed.live(&house, &mut next, &mut deeds).await;
            seed.close(house, !matches!(has_ended, Ok(Life::Died))).await;
            has_ended
        });
        drop(runtime);
        if let Some(problem) = seed.ledger.problem() {
            return Err(problem);
        }
        match has_ended? {
            Life::Died => seed.bury()?,
            Life::Stopped { down_ms } => seed.move_to(seed.clock.now() + down_ms),
            Life::Over(runs) => {
                seed.ledger.check_paces()?;
                return check::all(&runs, &seed.seen);
            }
        }
    }
}

enum Life {
    Died,
    Stopped {
        down_ms: Millis,
    },
    /// Nothing waits any more.
    Over(Vec<RunView>),
}

fn sandbox() -> Arc<Sandbox> {
    static SANDBOX: OnceLock<Arc<Sandbox>> = OnceLock::new();
    let options = || sandbox::Options {
        cache: guests::root().join("target/tests/compiled"),
        compiler: Compiler::Child(env!("CARGO_BIN_EXE_stepwell").into()),
        memory: InstanceMemory::Reset,
        instances: 8 * WORKERS,
        computing: WORKERS,
        memory_total: 8 << 30,
    };
    SANDBOX.get_or_init(|| Sandbox::new(options()).expect("a sandbox")).clone()
}

/// The guest's bytes, as one of two versions: a custom section more makes another digest.
fn version(number: u64) -> Arc<[u8]> {
    static GUEST: OnceLock<Arc<[u8]>> = OnceLock::new();
    let bytes = GUEST.get_or_init(|| guests::bytes("sim"));
    match number % 2 {
        0 => bytes.clone(),
        _ => [bytes, &[0, 6, 5, b'o', b't', b'h', b'e', b'r'][..]].concat().into(),
    }
}

impl Seed {
    async fn open(&mut self) -> Result<House, String> {
        let options = Options {
            folder: self.folder.path().to_owned(),
            durability: Durability::Relaxed { at_most_ms: 1_000 },
            vfs: None,
        };
        let sqlite = SqliteStore::open(options).map_err(|error| format!("the store does not open: {error}"))?;
        let mut ids = [0; 32];
        ids[..8].copy_from_slice(&self.number.to_le_bytes());
        ids[8..16].copy_from_slice(&self.lives.to_le_bytes());
        self.lives += 1;
        let ids = Arc::new(IdSource::new(sqlite.id_floor(), ids));
        let shaky = Arc::new(Shaky::new(sqlite, self.ledger.clone()));
        let (store, clock): (Arc<dyn Store>, Arc<dyn Clock>) = (shaky.clone(), self.clock.clone());
        let bounds = Bounds { memory_bytes: 64 << 20, deadline_ms: 60_000 };
        let others = Allowance { grants: Arc::new(Grants::default()), bounds };
        let settings = Settings { plugins: BTreeMap::new(), others };
        let registry = Registry::open(store.clone(), sandbox(), clock.clone(), settings).await;
        let registry = registry.map_err(|error| format!("the registry does not open: {error}"))?;
        let router = Arc::new(Router::new(store.clone(), registry.clone(), ids.clone(), clock.clone()));
        let executor = Executor::new(executor::Parts {
            store: store.clone(),
            registry: registry.clone(),
            router: router.clone(),
            clock: clock.clone(),
            jitter_seed: self.number,
            retry_interval_ms: None,
            instances: 4 * WORKERS,
        });
        let stop = watch::Sender::new(false);
        let timetable = Timetable::new(router.clone());
        let tasks = vec![
            tokio::spawn(Scheduler::new(store, executor, clock, WORKERS).run(stop.subscribe())),
            tokio::spawn(timetable.clone().run(stop.subscribe())),
        ];
        let house = House { store: shaky, registry, router, timetable, ids, stop, tasks };
        self.swap(&house, 0).await;
        Ok(house)
    }

    async fn swap(&self, house: &House, by: u64) {
        let name = PluginName::new("sim").expect("a name");
        // A host that dies meanwhile has the version that it had.
        let offered = house.registry.offer(&self.namespace, &name, version(by)).await;
        assert!(offered.is_ok() || house.store.is_dead(), "the guest is refused: {offered:?}");
    }

    /// Does what is next until the host dies or is stopped, or nothing is left.
    async fn live<'a>(
        &mut self,
        house: &House,
        next: &mut Option<&'a super::plan::Deed>,
        deeds: &mut impl Iterator<Item = &'a super::plan::Deed>,
    ) -> Result<Life, String> {
        loop {
            let until = next.map_or(u64::MAX, |deed| START + deed.at);
            if !self.advance_to(house, until).await? {
                return Ok(Life::Died);
            }
            let Some(deed) = *next else {
                return Ok(Life::Over(self.look(house).await?));
            };
            // A deed that kills the host may be half done: it is done again.
            match &deed.what {
                What::Send(events) if !self.send(house, events).await? => return Ok(Life::Died),
                What::Restart { down_ms } => {
                    *next = deeds.next();
                    return Ok(Life::Stopped { down_ms: *down_ms });
                }
                What::Crash { verbs, is_carried_out } => {
                    house.store.light(Fuse { verbs: *verbs, is_carried_out: *is_carried_out });
                }
                What::Jump { ms } => self.move_to(self.clock.now() + ms),
                What::Swap => self.swap(house, deed.at / 10_000).await,
                What::Cancel { nth } => self.cancel(house, *nth).await?,
                What::Pause { function } => self.pause(house, function, Pause::Paused).await,
                What::Resume { function } => self.pause(house, function, Pause::Resumed).await,
                What::Send(_) => {}
            }
            if house.store.is_dead() {
                return Ok(Life::Died);
            }
            *next = deeds.next();
        }
    }

    fn move_to(&self, at: Millis) {
        self.clock.move_to(at);
        self.ledger.tick(self.clock.now());
    }

    /// Moves the clock from one due time to the next. False: the host has died.
    async fn advance_to(&mut self, house: &House, end: Millis) -> Result<bool, String> {
        loop {
            if !self.rest(house).await? {
                return Ok(false);
            }
            let due = [house.store.next_due(), house.timetable.next_due()].into_iter().flatten().min();
            match due.filter(|due| *due <= end.max(self.clock.now())) {
                Some(due) => self.move_to(due),
                None => break,
            }
        }
        if end != Millis::MAX {
            self.move_to(end);
        }
        self.look(house).await?;
        Ok(!house.store.is_dead())
    }

    /// Until nothing executes and nothing is due. False: the host has died.
    async fn rest(&self, house: &House) -> Result<bool, String> {
        let is_due = || house.store.next_due().is_some_and(|due| due <= self.clock.now());
        for _ in 0..TURNS_MAX {
            if house.store.is_dead() {
                return Ok(false);
            }
            if house.store.is_idle() && !is_due() {
                return Ok(true);
            }
            if let Some(problem) = self.ledger.problem() {
                return Err(problem);
            }
            tokio::task::yield_now().await;
        }
        Err(format!("the host does not come to rest at +{} ms", self.clock.now() - START))
    }

    /// Sends events in one request, as a client that sends again what was not acknowledged. False: the host has died.
    async fn send(&mut self, house: &House, events: &[Sent]) -> Result<bool, String> {
        let now = self.clock.now();
        let receive = |sent: &Sent| {
            let id = house.ids.event(now);
            Event::receive(&sent.json().to_string(), &self.namespace, id, now).expect("a valid event")
        };
        match house.router.publish(events.iter().map(receive).collect()).await {
            Ok(_) => {
                self.seen.acknowledged.extend_from_slice(events);
                Ok(true)
            }
            Err(Error::Closing) => Ok(false),
            Err(error) => Err(format!("events are refused: {error}")),
        }
    }

    async fn cancel(&self, house: &House, nth: usize) -> Result<(), String> {
        let runs = self.runs(house).await?;
        if let Some(run) = runs.get(nth) {
            // A host that dies meanwhile may have taken it.
            let _ = house.store.cancel(&self.namespace, run.id, "by the plan").await;
        }
        Ok(())
    }

    async fn pause(&self, house: &House, function: &str, pause: Pause) {
        let snapshot = house.registry.snapshot();
        if let Some(function) = snapshot.function(&self.namespace, &format!("sim-{function}")) {
            // A host that dies meanwhile is told again.
            let _ = house.store.pause(&function.key, pause).await;
        }
    }

    /// All runs, oldest first, without their journals.
    async fn runs(&self, house: &House) -> Result<Vec<RunView>, String> {
        let filter = RunFilter { limit: 1_000, ..RunFilter::default() };
        match house.store.runs(&self.namespace, filter).await {
            Ok(runs) => Ok(runs.into_iter().rev().collect()),
            Err(Error::Closing) => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Looks at all runs: no result may ever be another than it was.
    async fn look(&mut self, house: &House) -> Result<Vec<RunView>, String> {
        let mut whole = Vec::new();
        for run in self.runs(house).await? {
            let Ok(Some(run)) = house.store.run(&self.namespace, run.id).await else { continue };
            check::journal(&run, &mut self.seen.results)?;
            whole.push(run);
        }
        let mut locked = Vec::new();
        for run in whole.iter().filter(|run| run.ended.is_none() && check::is_singleton(run)) {
            if let Ok(Some(event)) = house.store.event(&self.namespace, run.events[0]).await {
                locked.push((run, event.json.to_value()["data"]["k"].clone()));
            }
        }
        check::locks(&locked)?;
        Ok(whole)
    }

    async fn close(&self, house: House, is_graceful: bool) {
        if is_graceful {
            house.stop.send_replace(true);
            for task in house.tasks {
                task.await.expect("it does not panic");
            }
            house.store.close().await;
        }
    }

    /// The ledger counts on with what has survived.
    fn bury(&mut self) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let begun: HashMap<RunId, bool> = runtime.block_on(async {
            let options = Options {
                folder: self.folder.path().to_owned(),
                durability: Durability::Relaxed { at_most_ms: 1_000 },
                vfs: None,
            };
            let store = SqliteStore::open(options).map_err(|error| format!("the store does not open: {error}"))?;
            let filter = RunFilter { limit: 1_000, ..RunFilter::default() };
            let mut begun = HashMap::new();
            for run in store.runs(&self.namespace, filter).await.map_err(|error| error.to_string())? {
                let run = store.run(&self.namespace, run.id).await.map_err(|error| error.to_string())?;
                let begun_at_all = |run: &RunView| run.journal.iter().any(|record| record.entry == Entry::Began);
                begun.extend(run.map(|run| (run.id, run.ended.is_none() && begun_at_all(&run))));
            }
            store.close().await;
            Ok::<_, String>(begun)
        })?;
        self.ledger.crashed(|run| begun.get(&run).copied().unwrap_or(false));
        Ok(())
    }
}
