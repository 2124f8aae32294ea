//! A run under its lease: its history, its journal, and what is certain about its end.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio_util::sync::CancellationToken;

use super::Executor;
use super::history::{Delivery, History};
use crate::limits;
use crate::model::{Entry, Failure, Json, Kind, Millis, OpKey, Outcome, RetryPolicy};
use crate::registry::Code;
use crate::store::{self, Lease, Urgency};

/// State that all instances of a run share while it is driven here.
#[derive(Debug)]
pub struct Run {
    pub executor: Arc<Executor>,
    pub lease: Lease,
    pub code: Code,
    /// In a failure handler: what the failed run left behind.
    pub failed: Option<FailedRun>,
    /// Told when somebody cancels the run, which ends its open requests. `timeouts.finish` lets the open step end.
    pub cancellation: CancellationToken,
    state: Mutex<State>,
}

/// The failed run that a failure handler handles.
#[derive(Debug)]
pub struct FailedRun {
    pub error: Failure,
    pub results: Vec<Delivery>,
}

/// State that changes while the run is driven.
#[derive(Debug)]
pub struct State {
    pub history: History,
    /// Steps that execute in instances of their own.
    pub in_flight: HashSet<OpKey>,
    /// Fetches under way: no instance executes for them.
    pub fetching: HashSet<OpKey>,
    /// How the run is certain to end: from here on no step starts any more.
    pub outcome: Option<Outcome>,
    /// The store refused a record: nothing more may be done here.
    pub lost: Option<store::Error>,
}

/// The fate of a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// A further attempt follows.
    Retry,
    /// That was the last attempt.
    Final,
}

impl Run {
    pub fn new(executor: Arc<Executor>, lease: Lease, code: Code, history: History, failed: Option<FailedRun>) -> Self {
        let (in_flight, fetching) = (HashSet::new(), HashSet::new());
        let state = State { history, in_flight, fetching, outcome: None, lost: None };
        Self { executor, lease, code, failed, cancellation: CancellationToken::new(), state: Mutex::new(state) }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while held")
    }

    pub fn now(&self) -> Millis {
        self.executor.clock.now()
    }

    /// Takes an entry into the history and on its way into the journal.
    pub fn record(&self, state: &mut State, entry: Entry, urgency: Urgency) {
        let record = state.history.push(entry, self.now());
        if let Err(error) = self.executor.store.append(&self.lease, vec![record], urgency) {
            state.lost.get_or_insert(error);
        }
    }

    /// Records a step's value. A value or a state that is too large is the step's error instead.
    pub fn step_done(&self, state: &mut State, attempt: &StepAttempt, value: Json) -> Result<(), Failure> {
        if value.len() > limits::STEP_OUTPUT_MAX_BYTES {
            return Err(output_too_large("step's result", value.len(), limits::STEP_OUTPUT_MAX_BYTES));
        }
        if state.history.state_bytes() + value.len() > limits::RUN_STATE_MAX_BYTES {
            return Err(state_too_large());
        }
        let entry = Entry::Step {
            key: attempt.key.clone(),
            attempt: attempt.attempt,
            started: attempt.started,
            value: Ok(value),
        };
        self.record(state, entry, attempt.urgency());
        Ok(())
    }

    /// Records that an attempt of a step failed. What the guest could not have caught fails the run when it is final.
    pub fn step_failed(&self, state: &mut State, attempt: &StepAttempt, failure: Failure) -> Next {
        let advice = failure.advice;
        let failure = failure.at(Some(attempt.key.clone()), attempt.attempt);
        let policy = attempt.retry.as_ref().unwrap_or(&self.code.definition.retry);
        if let Some(delay) = self.executor.retry_delay(policy, attempt.attempt, advice) {
            let retry_at = self.now() + delay;
            let (key, started) = (attempt.key.clone(), attempt.started);
            self.record(state, Entry::StepRetry { key, started, error: failure, retry_at }, attempt.urgency());
            return Next::Retry;
        }
        let is_catchable = failure.is_catchable();
        let entry = Entry::Step {
            key: attempt.key.clone(),
            attempt: attempt.attempt,
            started: attempt.started,
            value: Err(failure.clone()),
        };
        self.record(state, entry, attempt.urgency());
        if !is_catchable {
            state.outcome.get_or_insert(Outcome::Failed(failure));
        }
        Next::Final
    }

    /// Records that the body failed, or that the run has.
    pub fn body_failed(&self, state: &mut State, failure: Failure) {
        let attempt = state.history.body_attempt();
        let advice = failure.advice;
        let failure = match state.history.step_error(failure.step.as_ref()) {
            Some(of_step) => Failure { kind: of_step.kind, attempt: of_step.attempt, ..failure },
            None if failure.kind == Kind::Divergence => failure,
            None => failure.at(None, attempt),
        };
        match self.executor.retry_delay(&self.code.definition.retry, attempt, advice) {
            Some(delay) => {
                let retry_at = self.now() + delay;
                self.record(state, Entry::BodyRetry { error: failure, retry_at }, Urgency::Lazy);
            }
            None => {
                state.outcome.get_or_insert(Outcome::Failed(failure));
            }
        }
    }
}

/// An attempt of a step that executes now.
#[derive(Debug, Clone)]
pub struct StepAttempt {
    pub key: OpKey,
    pub attempt: u32,
    pub started: Millis,
    pub has_sent: Sent,
    /// Its own, where it is not the function's.
    pub retry: Option<RetryPolicy>,
}

/// Whether the attempt has let anything out of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    Nothing,
    Something,
}

impl StepAttempt {
    fn urgency(&self) -> Urgency {
        match self.has_sent {
            Sent::Nothing => Urgency::Lazy,
            Sent::Something => Urgency::Eager,
        }
    }
}

/// The results of a run exceed their bound together.
pub fn state_too_large() -> Failure {
    let message = format!(
        "the results of the run's steps exceed {} bytes: return less from steps, or keep large data elsewhere and return \
         where it is",
        limits::RUN_STATE_MAX_BYTES
    );
    Failure::of_host(Kind::Limit, "InngestErrStateOverflowed", message).coded("state_too_large").never_retried()
}

/// A result that exceeds its bound: an error of the attempt, retried, not catchable.
pub fn output_too_large(what: &str, bytes: usize, max: usize) -> Failure {
    let message = format!("output_too_large: the {what} has {bytes} bytes, the limit is {max}");
    Failure::of_host(Kind::Limit, "OutputTooLarge", message).coded("output_too_large")
}
