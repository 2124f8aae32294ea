//! From an event to the runs that it starts.

mod lifecycle;
pub mod replay;
mod retries;
mod timetable;

use std::sync::Arc;

use serde_json::json;

use crate::model::{
    Clock, Digest, Door, Event, EventId, FunctionKey, IdSource, Invoker, Json, Millis, Namespace, NewRun, RunId, Terms,
};
use crate::registry::{Cause, Listener, LiveFunction, Registry, Rules, Snapshot};
use crate::store::{self, Publication, Published, Store};

pub use lifecycle::{FAILED, FINISHED, HasHandler, RunEnd, emits_lifecycle};
pub use retries::{DryRun, Retries};
pub use timetable::Timetable;

/// The event that starts an invoked run.
const INVOKED: &str = "inngest/function.invoked";

/// Plans what events start, and publishes them.
#[derive(Debug)]
pub struct Router {
    store: Arc<dyn Store>,
    registry: Arc<Registry>,
    ids: Arc<IdSource>,
    clock: Arc<dyn Clock>,
}

impl Router {
    pub fn new(store: Arc<dyn Store>, registry: Arc<Registry>, ids: Arc<IdSource>, clock: Arc<dyn Clock>) -> Self {
        Self { store, registry, ids, clock }
    }

    /// Writes the events and the runs that they start; returns once that is durable. A plan that a swap has overtaken
    /// is made again.
    pub async fn publish(&self, events: Vec<Event>) -> Result<Vec<Published>, store::Error> {
        let events: Vec<Arc<Event>> = events.into_iter().map(Arc::new).collect();
        let events = &events;
        let attempt = || async move {
            let snapshot = self.registry.snapshot();
            let plans = events.iter().map(|event| self.plan(&snapshot, event)).collect();
            self.store.publish(snapshot.generation, plans).await
        };
        self.planned(attempt).await
    }

    /// Runs an attempt at a plan until no swap overtakes it: [`Registry::planned`].
    pub async fn planned<T, Attempt>(&self, attempt: impl Fn() -> Attempt) -> Result<T, store::Error>
    where
        Attempt: Future<Output = Result<T, store::Error>>,
    {
        self.registry.planned(store::Error::overtaken_by, attempt).await
    }

    /// A run for each function with a trigger that matches.
    fn plan(&self, snapshot: &Snapshot, event: &Arc<Event>) -> Publication {
        let listeners = snapshot.listeners(&event.namespace, &event.name);
        let runs = listeners
            .into_iter()
            .filter(|listener| listens(listener, event))
            .filter_map(|listener| {
                let run = self.new_run(listener.function.clone(), listener.version, None);
                let (door, terms) = conditions(listener.rules.as_deref(), event, &run, Cause::Event)?;
                Some(NewRun { cancel_on: listener.cancel_on.clone(), door, terms, ..run })
            })
            .collect();
        Publication { event: event.clone(), runs }
    }

    /// An id for an event that is received now.
    pub fn new_event_id(&self, now: Millis) -> EventId {
        self.ids.event(now)
    }

    /// Plans the runs that these events start; returns the registry generation of the plan too.
    pub fn plan_events(&self, events: &[Arc<Event>]) -> (u64, Vec<Publication>) {
        let snapshot = self.registry.snapshot();
        (snapshot.generation, events.iter().map(|event| self.plan(&snapshot, event)).collect())
    }

    /// The run of a function that is started for an operation of another run; `None` when there is no such function.
    pub fn plan_invocation(
        &self,
        namespace: &Namespace,
        function: &str,
        data: &Json,
        invoker: &Invoker,
        now: Millis,
    ) -> Option<(u64, Publication)> {
        let snapshot = self.registry.snapshot();
        let live = snapshot.function(namespace, function)?;
        let event = Arc::new(invocation(namespace, self.ids.event(now), function, data, invoker, now));
        let run = self.run_of(live, &event, Cause::Invocation);
        let mut publication = self.plan(&snapshot, &event);
        publication.runs.insert(0, NewRun { invoker: Some(invoker.clone()), ..run });
        Some((snapshot.generation, publication))
    }

    /// A run that no trigger of its function has started: it starts in any case.
    fn run_of(&self, live: &LiveFunction, event: &Event, cause: Cause) -> NewRun {
        let run = self.new_run(live.key.clone(), live.version, None);
        let (door, terms) = conditions(live.rules.as_deref(), event, &run, cause).unwrap_or_default();
        NewRun { cancel_on: live.definition.cancel_on.clone(), door, terms, ..run }
    }

    fn new_run(&self, function: Arc<FunctionKey>, version: Digest, failed_run: Option<RunId>) -> NewRun {
        let id = self.ids.run(self.clock.now());
        NewRun {
            id,
            function,
            version,
            secret: self.ids.secret(),
            failed_run,
            invoker: None,
            cancel_on: Arc::default(),
            replay_of: None,
            door: Door::default(),
            terms: None,
        }
    }
}

/// `inngest/function.invoked`: the given data, and whom it is for.
fn invocation(
    namespace: &Namespace,
    id: EventId,
    function: &str,
    data: &Json,
    invoker: &Invoker,
    now: Millis,
) -> Event {
    let mut data = data.to_value();
    if let Some(map) = data.as_object_mut() {
        let internal = json!({ "fn_id": function, "correlation_id": invoker.to_string(), "name": &*invoker.key.id });
        map.insert("_inngest".into(), internal);
    }
    Event::lifecycle(INVOKED, id, namespace, &id.to_string(), now, &Json::of(&data))
}

/// A filter that cannot be decided is skipped and noted: it never blocks the event.
fn listens(listener: &Listener, event: &Event) -> bool {
    listener.filters.iter().any(|filter| match filter {
        None => true,
        Some(filter) => filter.matches(&event.json).unwrap_or_else(|error| {
            tracing::warn!(function = %listener.function, event = %event.id, %error, "trigger skipped");
            false
        }),
    })
}

/// The run's terms. `None` means that nobody can decide whether it may start.
fn conditions(rules: Option<&Rules>, event: &Event, run: &NewRun, cause: Cause) -> Option<(Door, Option<Arc<Terms>>)> {
    let Some(rules) = rules else { return Some((Door::default(), None)) };
    let applied = rules.apply(event, run.id.created(), cause);
    applied
        .inspect_err(
            |error| tracing::warn!(function = %run.function, event = %event.id, %error, "not limited, or not started"),
        )
        .ok()
}
