//! From an event to the runs that it starts.

mod lifecycle;
mod timetable;

use std::sync::Arc;

use crate::model::{Clock, Digest, Event, FunctionKey, IdSource, NewRun, RunId};
use crate::registry::{Listener, Registry, Snapshot};
use crate::store::{self, Publication, Published, Store};

pub use lifecycle::{FAILED, FINISHED, HasHandler, RunEnd, emits_lifecycle};
pub use timetable::Timetable;

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
        loop {
            let snapshot = self.registry.snapshot();
            let plans = events.iter().map(|event| self.plan(&snapshot, event)).collect();
            match self.store.publish(snapshot.generation, plans).await {
                Err(store::Error::StaleGeneration { .. }) => tokio::task::yield_now().await,
                answer => return answer,
            }
        }
    }

    /// One run for each function with a trigger that matches.
    fn plan(&self, snapshot: &Snapshot, event: &Arc<Event>) -> Publication {
        let listeners = snapshot.listeners(&event.namespace, &event.name);
        let runs = listeners
            .into_iter()
            .filter(|listener| listens(listener, event))
            .map(|listener| self.new_run(listener.function.clone(), listener.version, None))
            .collect();
        Publication { event: event.clone(), runs }
    }

    fn new_run(&self, function: Arc<FunctionKey>, version: Digest, failed_run: Option<RunId>) -> NewRun {
        let id = self.ids.run(self.clock.now());
        NewRun { id, function, version, secret: self.ids.secret(), failed_run }
    }
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
