//! Runs, as a test looks at them.

use super::execution::{Execution, Outcome};
use super::journal::name;
use super::lifecycle::parsed;
use super::world::World;
use crate::{Event, Failure, Level};
use serde::Deserialize;
use serde_json::Value;
use std::fmt;
use std::rc::Rc;

/// A run of a function, or of its failure handler. It shows what is so now: ask again after time has passed.
#[derive(Clone)]
pub struct TestRun {
    pub(super) world: Rc<World>,
    pub(super) place: usize,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The run has not ended.
    Waiting,
    /// Its function has returned.
    Completed,
    /// The run has failed for good.
    Failed,
    /// The run was ended by a test, an event or a timeout.
    Cancelled,
}

/// An operation of a run that is over, a step above all.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TestStep {
    /// Its id.
    pub id: String,
    /// Which use of that id this is, counted from 0.
    pub n: u32,
    /// `run` for a step; else `sleep`, `wait-for-event`, `invoke`, `send-events`, `fetch`, and so on.
    pub kind: String,
    /// How many attempts it has had.
    pub attempts: u32,
    /// The run's end: its result as JSON, or its final error.
    pub result: Result<Value, Failure>,
}

/// A line of a run's log.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LogLine {
    /// How grave it is.
    pub level: Level,
    /// The message.
    pub message: String,
    /// Its fields: an object.
    pub fields: Value,
    /// The id of the step that has written it; `None`: the body.
    pub step: Option<String>,
}

impl TestRun {
    /// `run-1` for the host's first run, and so on.
    #[must_use]
    pub fn id(&self) -> String {
        self.see(|run| run.id.clone())
    }

    /// The function's id, with `-failure` behind it if this is a run of its failure handler.
    #[must_use]
    pub fn function_id(&self) -> String {
        self.see(|run| run.function_id.clone())
    }

    /// The function's name, with ` (failure)` behind it if this is a run of its failure handler.
    #[must_use]
    pub fn name(&self) -> String {
        self.see(|run| run.name.clone())
    }

    /// How far it is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.see(|run| match run.outcome {
            None => Status::Waiting,
            Some(Outcome::Completed(_)) => Status::Completed,
            Some(Outcome::Failed(_)) => Status::Failed,
            Some(Outcome::Cancelled(_)) => Status::Cancelled,
        })
    }

    /// The function's result as JSON.
    ///
    /// # Panics
    /// If it has not; with what has happened instead.
    #[must_use]
    #[track_caller]
    pub fn output(&self) -> Value {
        let output = self.see(|run| match &run.outcome {
            Some(Outcome::Completed(json)) => Some(parsed(json)),
            _ => None,
        });
        // No closure, here and below: it would be the place of the panic, which is to be the test's.
        match output {
            Some(output) => output,
            None => self.is_not("has no output"),
        }
    }

    /// The run's error.
    ///
    /// # Panics
    /// If it has not; with what has happened instead.
    #[must_use]
    #[track_caller]
    pub fn error(&self) -> Failure {
        let error = self.see(|run| match &run.outcome {
            Some(Outcome::Failed(failure)) => Some(failure.clone().into()),
            _ => None,
        });
        match error {
            Some(error) => error,
            None => self.is_not("has no error"),
        }
    }

    /// How often its body was attempted: once, and once more for each time that it was retried.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.see(|run| run.journal.body_retries + 1)
    }

    /// The events that have started it.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.see(|run| run.events.iter().map(event).collect())
    }

    /// Its steps and other operations that are over, in the order in which that was recorded.
    #[must_use]
    pub fn steps(&self) -> Vec<TestStep> {
        self.see(|run| run.journal.steps.clone())
    }

    /// The first step of that id.
    ///
    /// # Panics
    /// If it does not exist; the message lists those that do.
    #[must_use]
    #[track_caller]
    pub fn step(&self, id: &str) -> TestStep {
        self.nth_step(id, 0)
    }

    /// The n-th step (0-based) of that id.
    ///
    /// # Panics
    /// As [`Self::step`].
    #[must_use]
    #[track_caller]
    pub fn nth_step(&self, id: &str, n: u32) -> TestStep {
        let steps = self.steps();
        if let Some(step) = steps.iter().find(|step| step.id == id && step.n == n) {
            return step.clone();
        }
        let done: Vec<_> = steps.iter().map(|step| format!("\"{}\"", step.id)).collect();
        let done = if done.is_empty() { "nothing".to_owned() } else { done.join(", ") };
        panic!("{} has not done \"{id}\" for the {}. time; what it has done: {done}", self.function_id(), n + 1)
    }

    /// The ids of what it has begun and what is not over.
    #[must_use]
    pub fn waits(&self) -> Vec<String> {
        self.see(|run| match run.outcome {
            None => run.journal.open().map(|operation| name(&operation.key)).collect(),
            Some(_) => Vec::new(),
        })
    }

    /// Its log, each line once, however often the body was replayed.
    #[must_use]
    pub fn log(&self) -> Vec<LogLine> {
        self.see(|run| run.log.clone())
    }

    /// The run of the function's failure handler, once this one has failed.
    ///
    /// # Panics
    /// If it does not exist; the message tells what happened instead.
    #[must_use]
    #[track_caller]
    pub fn handler(&self) -> Self {
        let handler = self.see(|run| run.handler);
        match handler {
            Some(handler) => self.other(handler),
            None => self.is_not("has no run of a failure handler"),
        }
    }

    /// Whether there is a run of the function's failure handler.
    #[must_use]
    pub fn is_handled(&self) -> bool {
        self.see(|run| run.handler.is_some())
    }

    /// The run whose failure this one handles.
    #[must_use]
    pub fn handles(&self) -> Option<Self> {
        self.see(|run| run.failed).map(|place| self.other(place))
    }

    /// The history of the run, a line each: for snapshots, and for messages of assertions.
    #[must_use]
    pub fn journal(&self) -> String {
        let handles = self.handles().map_or_else(String::new, |failed| format!(", handles {}", failed.id()));
        self.see(|run| {
            let head = format!("{} of {}{handles}", run.id, run.function_id);
            std::iter::once(head).chain(run.journal.story()).collect::<Vec<_>>().join("\n  ")
        })
    }

    /// How it has ended, with all that the host knows of it.
    #[cfg(test)]
    pub(crate) fn outcome(&self) -> Result<Value, crate::bindings::stepwell::plugin::types::Failure> {
        self.see(|run| match &run.outcome {
            Some(Outcome::Completed(json)) => Ok(parsed(json)),
            Some(Outcome::Failed(failure)) => Err(failure.clone()),
            _ => panic!("the run has not ended:\n{}", run.journal.story().collect::<Vec<_>>().join("\n")),
        })
    }

    fn see<T>(&self, look: impl FnOnce(&Execution) -> T) -> T {
        look(&self.world.state.borrow().runs[self.place])
    }

    fn other(&self, place: usize) -> Self {
        Self { world: Rc::clone(&self.world), place }
    }

    #[track_caller]
    fn is_not(&self, what: &str) -> ! {
        panic!("the run {what}, it is {:?}:\n{}", self.status(), self.journal())
    }
}

/// By its journal, so that `dbg!` and assertions tell what has happened.
impl fmt::Debug for TestRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.journal())
    }
}

impl PartialEq for TestRun {
    /// Whether they are one run.
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.world, &other.world) && self.place == other.place
    }
}

impl TestStep {
    /// Its result, as JSON.
    ///
    /// # Panics
    /// If it has failed.
    #[must_use]
    #[track_caller]
    pub fn output(&self) -> &Value {
        match &self.result {
            Ok(output) => output,
            Err(error) => panic!("step \"{}\" has no output, it has failed: {error}", self.id),
        }
    }

    /// The run's final error.
    ///
    /// # Panics
    /// If it has not.
    #[must_use]
    #[track_caller]
    pub fn error(&self) -> &Failure {
        match &self.result {
            Ok(output) => panic!("step \"{}\" has no error, it has come to {output}", self.id),
            Err(error) => error,
        }
    }
}

pub(super) fn event(json: &Value) -> Event {
    Event::deserialize(json).expect("the host's events are events")
}
