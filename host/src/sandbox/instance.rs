//! An instance: made for one entry, never used again.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store, UpdateDeadline};

use super::bindings::{Plugin, PluginPre, wit};
use super::fault::{self, Stop};
use super::imports::{Denied, Outbound, Panicked};
use super::link::{Cut, Link};
use super::meter::Meter;
use super::moment::Moment;
use super::turns::in_turns;
use super::turnstile::{Turn, Turnstile};
use super::{Bounds, Entry, Exit, Grants, Owner, translate};
use crate::limits;
use crate::model::{Failure, Json, Kind, OpKey};

/// State that the host keeps for a live instance.
pub(super) struct State {
    pub(super) table: ResourceTable,
    pub(super) link: Arc<Link>,
    pub(super) moment: Moment,
    pub(super) meter: Meter,
    pub(super) grants: Arc<Grants>,
    pub(super) denied: Denied,
    pub(super) outbound: Option<Box<Outbound>>,
    /// The step whose closure runs.
    pub(super) open: Option<OpKey>,
    pub(super) panicked: Option<Panicked>,
    /// The guest's guess at the reason if it traps.
    pub(super) guess: Option<String>,
    /// The end of stderr, once the instance has ended.
    pub(super) last_words: Option<String>,
}

impl State {
    pub(super) fn new(link: Arc<Link>, moment: Moment, grants: Arc<Grants>, meter: Meter) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::HANDLES_MAX);
        Self {
            table,
            link,
            moment,
            meter,
            grants,
            denied: Denied::default(),
            outbound: None,
            open: None,
            panicked: None,
            guess: None,
            last_words: None,
        }
    }

    pub(super) fn open_step(&mut self, key: Option<OpKey>) {
        self.open = key;
        self.moment.open_step();
        self.link.restart_deadline();
    }

    pub(super) fn close_step(&mut self) {
        self.open = None;
        self.moment.close_step();
        self.link.restart_deadline();
    }
}

/// Calls `describe`.
pub(super) async fn describe(
    turnstile: &Arc<Turnstile>,
    pre: &PluginPre<State>,
    state: State,
) -> Result<Vec<wit::Definition>, Exit> {
    let link = Arc::clone(&state.link);
    let mut store = store(pre.engine(), state);
    let call = async {
        let plugin = pre.instantiate_async(&mut store).await?;
        plugin.stepwell_plugin_functions().call_describe(&mut store).await
    };
    let ended = race(&link, in_turns(turnstile, &Owner::Described, &link, call)).await;
    read(ended, store)
}

/// Calls `run` or `on-failure`.
pub(super) async fn enter(turnstile: &Arc<Turnstile>, pre: &PluginPre<State>, state: State, entry: &Entry) -> Exit {
    let link = Arc::clone(&state.link);
    let mut store = store(pre.engine(), state);
    let call = async {
        let plugin = pre.instantiate_async(&mut store).await?;
        call_entry(&plugin, &mut store, entry).await
    };
    let ended = race(&link, in_turns(turnstile, &entry.owner, &link, call)).await;
    let read_exit = |outcome| exit(outcome, &store.data().meter);
    let ended = ended.map(|(ended, turn)| (ended.map(read_exit), turn));
    read(ended, store).unwrap_or_else(|exit| exit)
}

async fn call_entry(plugin: &Plugin, store: &mut Store<State>, entry: &Entry) -> wasmtime::Result<wit::Outcome> {
    let run_id = entry.run.to_string();
    let events: Vec<&str> = entry.events.iter().map(|event| event.json.as_str()).collect();
    let context = wit::RunContext {
        run_id: &run_id,
        function_id: &entry.function,
        attempt: entry.attempt,
        max_attempts: entry.max_attempts,
        events: &events,
    };
    match &entry.on_failure {
        None => plugin.stepwell_plugin_functions().call_run(store, context).await,
        Some(failure) => {
            let causes = translate::cause_params(failure);
            let failure = translate::failure_param(failure, &causes);
            plugin.stepwell_plugin_failure_handler().call_on_failure(store, context, failure).await
        }
    }
}

fn store(engine: &Engine, state: State) -> Store<State> {
    let mut store = Store::new(engine, state);
    store.limiter_async(|state| &mut state.meter);
    store.set_hostcall_fuel(limits::HOSTCALL_MAX_BYTES);
    store.set_max_component_handles(limits::HANDLES_MAX);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        if store.data().link.is_overdue() {
            return Err(Stop::Overdue.into());
        }
        store.data().link.note_yield();
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
    });
    store
}

/// A call that has ended, with the turn in which it did.
type Ended<T> = (wasmtime::Result<T>, Turn);

/// The call's end, or what cut it off: time in host calls counts as well, and no epoch interrupts these.
async fn race<T>(link: &Link, call: impl Future<Output = Ended<T>>) -> Result<Ended<T>, Cut> {
    tokio::select! {
        biased;
        ended = call => Ok(ended),
        cut = link.cut() => Err(cut),
    }
}

/// Takes the instance down; a call that has ended does so within its turn.
fn read<T>(ended: Result<Ended<T>, Cut>, mut store: Store<State>) -> Result<T, Exit> {
    let words = store.data().link.close_output();
    store.data_mut().last_words = words;
    let (ended, turn) = match ended {
        Ok((ended, turn)) => (Ok(ended), Some(turn)),
        Err(cut) => (Err(cut), None),
    };
    let read = match ended {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(fault::of_error(&error, store.data())),
        Err(cut) => Err(fault::of_cut(cut, store.data())),
    };
    drop(store);
    drop(turn);
    read
}

fn exit(outcome: wit::Outcome, meter: &Meter) -> Exit {
    match outcome {
        wit::Outcome::Completed(text) => match Json::of_guest(&text) {
            Ok(json) => Exit::Completed(json),
            Err(error) => Exit::Failed(Failure::of_host(
                Kind::Application,
                translate::INVALID_JSON,
                format!("the function's result is {error}"),
            )),
        },
        wit::Outcome::Suspended => Exit::Suspended,
        wit::Outcome::Failed(failure) => Exit::Failed(fault::naming_limit(translate::failure(failure), meter)),
    }
}

impl Bounds {
    pub(super) fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }
}
