//! Power losses: whatever was acknowledged is there afterwards.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{Durability, Options, SqliteStore, forgetful};
use crate::model::{
    Digest, Entry, Event, EventId, FunctionKey, IdSource, Json, Namespace, NewRun, OpKey, Outcome, PluginName, Record,
    Role, RunId,
};
use crate::store::{Error, Lease, Publication, Store, Urgency, Verdict, Version};

const NOW: u64 = 1_795_000_000_000;

/// The store's promises.
#[derive(Debug, Clone)]
enum Promise {
    Published(EventId, Vec<RunId>),
    /// So many records.
    Recorded(RunId, u32),
    Parked(RunId, u64),
    Ended(RunId, u32),
    Activated(u64),
}

struct Scene {
    store: Arc<SqliteStore>,
    ids: Arc<IdSource>,
    promises: Arc<Mutex<Vec<Promise>>>,
    stop: Arc<AtomicBool>,
}

fn open(folder: &Path, vfs: Option<String>) -> SqliteStore {
    let options = Options { folder: folder.to_owned(), durability: Durability::Strict, vfs };
    SqliteStore::open(options).expect("opens")
}

impl Scene {
    fn new(folder: &Path) -> Self {
        let store = open(folder, Some(forgetful::NAME.to_owned()));
        Self {
            store: Arc::new(store),
            ids: Arc::new(IdSource::new(0, [5; 32])),
            promises: Arc::default(),
            stop: Arc::default(),
        }
    }

    fn promised(&self, promise: Promise) {
        self.promises.lock().expect("not poisoned").push(promise);
    }

    /// Events of all sizes, so that the log is written back again and again.
    async fn publish(self: Arc<Self>, mut random: ChaCha8Rng) {
        let function = Arc::new(FunctionKey {
            namespace: Namespace::default(),
            plugin: PluginName::new("shop").expect("a name"),
            function: "f".into(),
            role: Role::Main,
        });
        while !self.stop.load(Ordering::Relaxed) {
            let size = if random.next_u32().is_multiple_of(3) { 300_000 } else { 100 };
            let text = format!(r#"{{"name":"n","data":{{"x":"{}"}}}}"#, "y".repeat(random.next_u32() as usize % size));
            let event = Event::receive(&text, &Namespace::default(), self.ids.event(NOW), NOW).expect("valid");
            let runs = (0..random.next_u32() % 3).map(|_| NewRun {
                id: self.ids.run(NOW),
                function: function.clone(),
                version: Digest([1; 32]),
                secret: [0; 32],
                failed_run: None,
                invoker: None,
                cancel_on: Default::default(),
                replay_of: None,
                door: Default::default(),
                terms: None,
            });
            let publication = Publication { event: Arc::new(event), runs: runs.collect() };
            let published = self.store.publish(u64::MAX, vec![publication]).await.expect("published").remove(0);
            self.promised(Promise::Published(published.event, published.started));
            tokio::time::sleep(Duration::from_millis(u64::from(random.next_u32() % 8))).await;
        }
    }

    async fn execute(self: Arc<Self>, mut random: ChaCha8Rng) {
        while !self.stop.load(Ordering::Relaxed) {
            let leases = self.store.lease(2, NOW).await.expect("leased");
            for lease in &leases {
                self.drive(lease, &mut random).await.expect("held");
            }
            if leases.is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    async fn drive(&self, lease: &Lease, random: &mut ChaCha8Rng) -> Result<(), Error> {
        let mut order = lease.journal.len() as u32;
        for _ in 0..random.next_u32() % 4 {
            let value = Ok(Json::of(&"z".repeat(random.next_u32() as usize % 2_000)));
            let entry = Entry::Step { key: OpKey::new("s", order), attempt: 0, started: NOW, value };
            let urgency = if random.next_u32().is_multiple_of(3) { Urgency::Eager } else { Urgency::Lazy };
            self.store.append(lease, vec![Record { order, at: NOW, entry }], urgency)?;
            order += 1;
            if random.next_u32().is_multiple_of(3) {
                self.store.flush(lease).await?;
                self.promised(Promise::Recorded(lease.run, order));
            }
        }
        if random.next_u32().is_multiple_of(3) {
            let due = NOW + 1 + u64::from(random.next_u32() % 1_000);
            self.store.settle(lease, Verdict::Park { due: Some(due) }).await?;
            self.promised(Promise::Parked(lease.run, due));
            return Ok(());
        }
        let outcome = Outcome::Completed(Json::of(&order));
        let verdict = Verdict::End { outcome, at: NOW, generation: u64::MAX, lifecycle: Vec::new() };
        self.store.settle(lease, verdict).await?;
        self.promised(Promise::Ended(lease.run, order));
        Ok(())
    }

    async fn activate(self: Arc<Self>) {
        let mut number = 0_u32;
        while !self.stop.load(Ordering::Relaxed) {
            number += 1;
            let version = Version {
                digest: Digest::of(&number.to_le_bytes()),
                namespace: Namespace::default(),
                plugin: PluginName::new("shop").expect("a name"),
                definitions: Json::trusted("[]"),
                activated: NOW,
                is_live: true,
            };
            let generation = self.store.activate(version, number.to_le_bytes().into()).await.expect("activated");
            self.promised(Promise::Activated(generation));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Works at random, loses power at random moments, and counts the promises that were made and those that were broken.
async fn work(seed: u8, losses: usize, is_lying: bool) -> (usize, usize) {
    forgetful::register();
    let mut random = ChaCha8Rng::from_seed([seed; 32]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().canonicalize().expect("it is there");
    let scene = Arc::new(Scene::new(&path));
    if is_lying {
        forgetful::stop_syncing(&path);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..4 {
        tasks.spawn(scene.clone().publish(ChaCha8Rng::from_seed([seed ^ (64 + number); 32])));
        tasks.spawn(scene.clone().execute(ChaCha8Rng::from_seed([seed ^ (128 + number); 32])));
    }
    tasks.spawn(scene.clone().activate());
    let mut counts = (0, 0);
    for _ in 0..losses {
        tokio::time::sleep(Duration::from_millis(u64::from(random.next_u32() % 200))).await;
        let promises = scene.promises.lock().expect("not poisoned").clone();
        let after = tempfile::tempdir().expect("a folder");
        let odds = random.next_u32() % 3;
        forgetful::lose_power(&path, after.path(), || random.next_u32() % 2 < odds);
        counts.0 += promises.len();
        counts.1 += broken(after.path(), promises).await;
    }
    scene.stop.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no task fails");
    }
    let checkpoints = scene.store.stats().checkpoints;
    assert!(checkpoints > 0, "the log was written back");
    counts
}

/// How many of the promises the store in that folder does not keep.
async fn broken(folder: &Path, promises: Vec<Promise>) -> usize {
    let options = Options { folder: folder.to_owned(), durability: Durability::Strict, vfs: None };
    let Ok(store) = SqliteStore::open(options) else { return promises.len() };
    let connection = rusqlite::Connection::open(folder.join("stepwell.db")).expect("opens");
    let is_sound = connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    if is_sound.as_deref() != Ok("ok") {
        return promises.len();
    }
    let mut broken = 0;
    for promise in promises {
        let is_kept = keeps(&store, &promise).await;
        broken += usize::from(!is_kept.unwrap_or(false));
    }
    broken
}

async fn keeps(store: &SqliteStore, promise: &Promise) -> Result<bool, Error> {
    let namespace = Namespace::default();
    let view = async |run| store.run(&namespace, run).await;
    Ok(match promise {
        Promise::Published(event, runs) => {
            let found = store.runs_of_event(&namespace, *event).await?.unwrap_or_default();
            store.event(&namespace, *event).await?.is_some()
                && found.iter().map(|view| view.id).collect::<Vec<_>>() == *runs
        }
        Promise::Recorded(run, records) => {
            view(*run).await?.is_some_and(|view| view.journal.len() >= *records as usize)
        }
        // The run may have ended since.
        Promise::Parked(run, due) => view(*run).await?.is_some_and(|view| view.due == Some(*due)),
        Promise::Ended(run, records) => {
            let end = store.run(&namespace, *run).await?.filter(|view| view.journal.len() == *records as usize);
            end.and_then(|view| view.ended).is_some_and(|end| end.outcome == Outcome::Completed(Json::of(records)))
        }
        Promise::Activated(generation) => store.generation() >= *generation,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_loss_takes_nothing_that_was_acknowledged() {
    for seed in 1..4 {
        let (made, broken) = work(seed, 5, false).await;
        assert!(made > 100, "only {made} promises were made");
        assert_eq!(broken, 0, "of {made} promises were broken, seed {seed}");
    }
}

/// Else the test above would prove nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_does_not_sync_loses() {
    let (made, broken) = work(9, 6, true).await;
    assert!(broken > 0, "none of {made} promises was broken");
}
