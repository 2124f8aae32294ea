//! A host in this process, under a clock that tests move, on a real SQLite file and with real guests.

use std::sync::Arc;
use std::time::Duration;

use stepwell::config::Config;
use stepwell::model::{Clock, Event, Json, Millis, Namespace, PluginName};
use stepwell::router::replay::{Code, Start};
use stepwell::server::{Host, World};
use stepwell::store::{EventFilter, Pause, Repeat, RunFilter, RunView, Signal};

use crate::clock::VirtualClock;
use crate::guests;

/// Seeds jitter and ids, so that a scenario's history is the same each time.
const SEED: u64 = 7;

pub struct Stage {
    folder: tempfile::TempDir,
    clock: Arc<VirtualClock>,
    host: Option<Host>,
    namespace: Namespace,
}

impl Stage {
    pub async fn open() -> Self {
        Self::open_on(tempfile::tempdir().expect("a temporary folder"), VirtualClock::new()).await
    }

    /// On what is in the data folder.
    pub async fn open_on(folder: tempfile::TempDir, clock: VirtualClock) -> Self {
        let mut stage = Self { folder, clock: Arc::new(clock), host: None, namespace: Namespace::default() };
        stage.start().await;
        stage
    }

    async fn start(&mut self) {
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            data_dir: self.folder.path().to_owned(),
            cache_dir: Some(guests::root().join("target/tests/compiled")),
            deadline_ms: 5_000,
            ..Config::default()
        };
        let world =
            World { clock: self.clock.clone(), seed: Some(SEED), compiler: env!("CARGO_BIN_EXE_stepwell").into() };
        self.host = Some(Host::start(config, world).await.expect("the host starts"));
    }

    pub fn host(&self) -> &Host {
        self.host.as_ref().expect("the host runs")
    }

    /// Makes a guest's component the live version of a plugin.
    pub async fn load(&self, plugin: &str, guest: &str) {
        self.offer(plugin, guests::bytes(guest)).await;
    }

    /// The same with a component from memory.
    pub async fn offer(&self, plugin: &str, component: Arc<[u8]>) {
        let name = PluginName::new(plugin).expect("a plugin's name");
        let offered = self.host().registry().offer(&self.namespace, &name, component).await;
        offered.unwrap_or_else(|error| panic!("{plugin} is refused: {error}"));
    }

    pub async fn retire(&self, plugin: &str) {
        let plugin = PluginName::new(plugin).expect("a plugin's name");
        self.host().registry().retire(&self.namespace, &plugin).await.expect("the plugin is there");
    }

    /// Cancels a run, as the API does. The first run is number 1.
    pub async fn cancel(&self, number: usize) {
        let (runs, _) = self.history().await;
        let cancelled = self.host().store().cancel(&self.namespace, runs[number - 1].id, "by the API").await;
        cancelled.expect("the store takes it");
    }

    /// Does a run over, as the API does; the error is the message of the refusal.
    pub async fn replay(&self, number: usize, start: &Start, code: Code) -> Result<(), String> {
        let (runs, _) = self.history().await;
        let replayed = self.host().router().replay(&runs[number - 1], start, code, Repeat::Again).await;
        replayed.map(drop).map_err(|error| error.to_string())
    }

    pub async fn pause(&self, function: &str, pause: Pause) {
        let snapshot = self.host().registry().snapshot();
        let function = snapshot.function(&self.namespace, function).expect("the function is live");
        self.host().store().pause(&function.key, pause).await.expect("the store takes it");
    }

    /// Sends an event as a user would, or several at once; the error is the message of the refusal.
    pub async fn send(&self, event: &serde_json::Value) -> Result<(), String> {
        let host = self.host();
        let receive = |event: &serde_json::Value| {
            let (id, now) = host.new_event_id();
            Event::receive(&event.to_string(), &self.namespace, id, now).map_err(|error| error.to_string())
        };
        let events = event.as_array().map_or(std::slice::from_ref(event), Vec::as_slice);
        let events = events.iter().map(receive).collect::<Result<_, _>>()?;
        host.router().publish(events).await.map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Moves the clock forward to each time at which something is due, and lets the host come to rest there.
    pub async fn advance_to(&self, end: Millis) {
        loop {
            self.rest().await;
            match self.next_due() {
                // It is due already: the scheduler is about to handle it.
                Some(due) if due <= self.clock.now() => tokio::time::sleep(Duration::from_millis(1)).await,
                Some(due) if due <= end => self.clock.move_to(due),
                _ => break,
            }
        }
        if end != Millis::MAX {
            self.clock.move_to(end);
            self.rest().await;
        }
    }

    /// The clock jumps, as when the machine was asleep.
    pub async fn pause_until(&self, end: Millis) {
        self.rest().await;
        self.clock.move_to(end);
    }

    fn next_due(&self) -> Option<Millis> {
        let host = self.host();
        [host.store().next_due(), host.timetable().next_due()].into_iter().flatten().min()
    }

    /// Until nothing executes and nothing is ready.
    async fn rest(&self) {
        while !self.host().store().is_idle() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The clock goes on while the host is down.
    pub async fn restart(&mut self, down_ms: Millis) {
        self.host.take().expect("the host runs").stop().await;
        self.clock.move_to(self.clock.now() + down_ms);
        self.start().await;
    }

    /// All runs, oldest first, whole; and all events, oldest first.
    pub async fn history(&self) -> (Vec<RunView>, Vec<Arc<Event>>) {
        let store = self.host().store();
        let filter = RunFilter { limit: 1_000, ..RunFilter::default() };
        let mut runs = Vec::new();
        for run in store.runs(&self.namespace, filter).await.expect("runs are read").into_iter().rev() {
            let run = store.run(&self.namespace, run.id).await.expect("the run is read");
            runs.push(run.expect("the run is there"));
        }
        let filter = EventFilter { limit: 1_000, ..EventFilter::default() };
        let mut events = store.events(&self.namespace, filter).await.expect("events are read");
        events.reverse();
        (runs, events)
    }

    pub async fn close(mut self) {
        self.host.take().expect("the host runs").stop().await;
    }

    /// Stops the host and leaves its data folder.
    pub async fn leave(mut self) -> tempfile::TempDir {
        self.host.take().expect("the host runs").stop().await;
        self.folder
    }

    /// Gives a signal to the run that waits for it.
    pub async fn signal(&self, signal: &str, data: &serde_json::Value) {
        let signal = Signal { signal: signal.into(), data: Json::of(data) };
        let receiver = self.host().store().signal(&self.namespace, signal).await.expect("the store takes it");
        receiver.expect("a run waits for it");
    }
}
