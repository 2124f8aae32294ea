//! The events that a run's end emits, and the runs that they start.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Router;
use crate::model::{Digest, Event, EventId, FunctionKey, Invoker, Json, Millis, NewRun, Outcome, Role, RunId};
use crate::registry::Snapshot;
use crate::store::Publication;

pub const FAILED: &str = "inngest/function.failed";
pub const CANCELLED: &str = "inngest/function.cancelled";
pub const FINISHED: &str = "inngest/function.finished";

/// A run that is about to end.
#[derive(Debug, Clone, Copy)]
pub struct RunEnd<'a> {
    pub run: RunId,
    pub function: &'a Arc<FunctionKey>,
    pub version: Digest,
    /// Whether that version has a failure handler for the function.
    pub has_failure_handler: HasHandler,
    pub events: &'a [Arc<Event>],
    /// The operation that waits for it.
    pub invoker: Option<&'a Invoker>,
    pub outcome: &'a Outcome,
    pub at: Millis,
}

/// Whether a failure handler goes with the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HasHandler {
    Yes,
    No,
}

/// Runs that lifecycle events started emit none themselves: a failing handler does not cascade.
pub fn emits_lifecycle(events: &[Arc<Event>]) -> bool {
    !events.iter().any(|event| matches!(&*event.name, FAILED | FINISHED))
}

impl Router {
    /// The changes for the transaction of the run's end, and the registry generation that they were planned against.
    /// `inngest/function.failed` and `inngest/function.cancelled` are always told; `inngest/function.finished` only
    /// where something listens.
    pub fn plan_end(&self, end: &RunEnd<'_>) -> (u64, Vec<Publication>) {
        let snapshot = self.registry.snapshot();
        if !emits_lifecycle(end.events) {
            return (snapshot.generation, Vec::new());
        }
        let namespace = &end.function.namespace;
        let finished_has_listeners = !snapshot.listeners(namespace, FINISHED).is_empty();
        let has_completed = matches!(end.outcome, Outcome::Completed(_));
        if has_completed && !finished_has_listeners {
            return (snapshot.generation, Vec::new());
        }
        let data = event_data(end);
        let mut publications = Vec::new();
        if finished_has_listeners {
            let id = self.ids.event(end.at);
            let event = told(FINISHED, end, id, &id.to_string(), &data);
            publications.push(self.plan(&snapshot, &Arc::new(event)));
        }
        match end.outcome {
            Outcome::Completed(_) | Outcome::Skipped { .. } => {}
            Outcome::Failed(_) => publications.push(self.plan_failed(&snapshot, end, &data)),
            Outcome::Cancelled { .. } => {
                let id = self.ids.event(end.at);
                let event = told(CANCELLED, end, id, &end.run.to_string(), &data);
                publications.push(self.plan(&snapshot, &Arc::new(event)));
            }
        }
        (snapshot.generation, publications)
    }

    /// The failed event, the run of the failed run's own failure function, and the runs of all other listeners.
    fn plan_failed(&self, snapshot: &Snapshot, end: &RunEnd<'_>, data: &Json) -> Publication {
        let id = self.ids.event(end.at);
        let event = told(FAILED, end, id, &end.run.to_string(), data);
        let mut publication = self.plan(snapshot, &Arc::new(event));
        if end.function.role == Role::Main && end.has_failure_handler == HasHandler::Yes {
            publication.runs.insert(0, self.failure_run(end));
        }
        publication
    }

    fn failure_run(&self, end: &RunEnd<'_>) -> NewRun {
        self.new_run(Arc::new(end.function.failure()), end.version, Some(end.run))
    }
}

/// An event of a run's end. It belongs to the sessions of the event that started the run.
fn told(name: &str, end: &RunEnd<'_>, id: EventId, sender_id: &str, data: &Json) -> Event {
    let event = Event::lifecycle(name, id, &end.function.namespace, sender_id, end.at, data);
    event.in_sessions_of(&end.events[0])
}

/// `data` with Inngest's keys, and ours beside them in `error`.
fn event_data(end: &RunEnd<'_>) -> Json {
    let events: Vec<Value> = end.events.iter().map(|event| without_empty_user(event.json.to_value())).collect();
    let mut data = json!({
        "function_id": end.function.composite(),
        "run_id": end.run.to_string(),
        "event": with_user(events[0].clone()),
        "events": events,
    });
    let map = data.as_object_mut().expect("made as an object");
    if let Some(invoker) = end.invoker {
        map.insert("correlation_id".into(), invoker.to_string().into());
    }
    match end.outcome {
        Outcome::Completed(result) => {
            map.insert("result".into(), result.to_value());
            map.insert("_inngest".into(), json!({ "status": "Completed" }));
        }
        Outcome::Failed(failure) => {
            map.insert("error".into(), failure.to_event_error(failure.attempt + 1));
            map.insert("result".into(), failure.to_output());
            map.insert("_inngest".into(), json!({ "status": "Failed" }));
        }
        Outcome::Skipped { .. } => {}
        // Neither error nor result, as with Inngest; the reason is an addition.
        Outcome::Cancelled { reason } => {
            map.insert("_inngest".into(), json!({ "status": "Cancelled", "reason": &**reason }));
        }
    }
    Json::of(&data)
}

/// Inngest writes the first event whole, with a `user` even if the event has none.
fn with_user(mut event: Value) -> Value {
    if let Some(map) = event.as_object_mut() {
        map.entry("user").or_insert_with(|| json!({}));
    }
    event
}

/// In the list of all events it leaves out what is empty.
fn without_empty_user(mut event: Value) -> Value {
    let is_empty = event["user"].as_object().is_some_and(serde_json::Map::is_empty);
    if let Some(map) = event.as_object_mut().filter(|_| is_empty) {
        map.remove("user");
    }
    event
}
