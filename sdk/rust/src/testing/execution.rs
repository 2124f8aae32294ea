//! A run under way: what each entry into its code comes to.

use super::definition::Definition;
use super::journal::{Journal, cut, text};
use super::panics::{Interrupt, Thrown};
use super::pass::{Pass, bounded};
use super::policy::Policy;
use super::run::LogLine;
use crate::bindings::stepwell::plugin::types::{self, Failure, FailureKind, OperationKey, RetryAdvice, RunContext};
use crate::error::Error;
use serde_json::Value;
use std::collections::BTreeSet;

/// As many as the host bears, before it takes it that the run is what kills it.
const LOSSES_MAX: u32 = 10;

/// A run, as the host knows it.
pub(super) struct Execution {
    pub(super) id: String,
    /// Where its function is among the host's.
    pub(super) function: usize,
    pub(super) function_id: String,
    pub(super) name: String,
    pub(super) events: Vec<Value>,
    pub(super) policy: Policy,
    pub(super) journal: Journal,
    /// The run whose failure it handles.
    pub(super) failed: Option<usize>,
    /// The run that handles its failure.
    pub(super) handler: Option<usize>,
    /// The operation of another run that waits for its end.
    pub(super) invoker: Option<(usize, OperationKey)>,
    pub(super) outcome: Option<Outcome>,
    /// Whether others have been told of its end.
    pub(super) is_told: bool,
    pub(super) log: Vec<LogLine>,
    /// The lines that are logged already: attempt, results delivered, lines since, step.
    pub(super) lines: BTreeSet<(u32, usize, u32, Option<String>)>,
    /// When it has to have ended.
    pub(super) finish_by: Option<u64>,
}

/// How a run has ended.
pub(super) enum Outcome {
    Completed(String),
    Failed(Failure),
    Cancelled(String),
}

impl Execution {
    pub(super) fn new(number: usize, definition: &Definition, events: Vec<Value>, now: u64) -> Self {
        Self {
            id: format!("run-{number}"),
            function: definition.place,
            function_id: definition.id.clone(),
            name: definition.name.clone(),
            events,
            policy: definition.policy,
            journal: Journal::new(now),
            failed: None,
            handler: None,
            invoker: None,
            outcome: None,
            is_told: false,
            log: Vec::new(),
            lines: BTreeSet::new(),
            finish_by: definition.options.timeouts.finish_ms.map(|ms| now.saturating_add(ms)),
        }
    }

    /// Makes it the run of a failure handler, which is a function of its own and inherits nothing.
    pub(super) fn handle(&mut self, failed: usize) {
        self.function_id += "-failure";
        self.name += " (failure)";
        self.policy = Policy::OF_HANDLER;
        self.finish_by = None;
        self.failed = Some(failed);
    }

    /// The arguments of an entry into its code: for the body, or for a step, whose own attempt the code then sees.
    pub(super) fn context(&self, function_id: &str, target: Option<&OperationKey>) -> RunContext {
        let step = target.and_then(|key| self.journal.operations.iter().find(|operation| operation.key == *key));
        RunContext {
            run_id: self.id.clone(),
            function_id: function_id.to_owned(),
            attempt: step.map_or(self.journal.body_failures, |step| step.failures),
            max_attempts: self.policy.max_attempts(),
            events: self.events.iter().map(Value::to_string).collect(),
        }
    }

    /// The step that is to run in a pass of its own.
    pub(super) fn step_due(&self, now: u64) -> Option<OperationKey> {
        self.journal.due(now, |operation| operation.kind == "run")
    }

    /// Whether it can go on without time passing.
    pub(super) fn is_ready(&self, now: u64) -> bool {
        let body_is_due = self.journal.body_due.is_some_and(|due| due <= now);
        self.outcome.is_none() && (body_is_due || self.step_due(now).is_some())
    }

    /// Takes in how a pass through its code has ended. What is thrown out of the test's own code is handed on.
    pub(super) fn judge(&mut self, pass: &Pass, exit: Result<types::Outcome, Thrown>, now: u64) {
        if self.outcome.is_some() {
            return;
        }
        match exit {
            Err(Thrown::Interrupt(Interrupt::Lost)) => self.lose(now),
            Err(Thrown::Interrupt(Interrupt::Refused(failure))) => self.fail(*failure, now),
            Err(Thrown::Interrupt(Interrupt::OfTest(panic))) => std::panic::resume_unwind(panic),
            Err(Thrown::Interrupt(Interrupt::Suspended)) => self.judge_return(pass, types::Outcome::Suspended, now),
            Err(Thrown::Panic(failure)) => match pass.open.as_ref().or(pass.target.as_ref()) {
                Some(step) => self.attempt_failed(step, failure, now),
                None => self.body_failed(failure, now),
            },
            Ok(outcome) => self.judge_return(pass, outcome, now),
        }
    }

    fn judge_return(&mut self, pass: &Pass, outcome: types::Outcome, now: u64) {
        if let Some(target) = &pass.target {
            if !pass.has_run {
                self.attempt_failed(target, not_reached(target), now);
            }
            return;
        }
        match outcome {
            types::Outcome::Completed(json) => match bounded(&json, "the function's result") {
                Ok(json) => {
                    let what = format!("completed {}", cut(&json));
                    self.end(Outcome::Completed(json), what, now);
                }
                Err(failure) => self.body_failed(failure, now),
            },
            types::Outcome::Failed(failure) => self.body_failed(failure, now),
            types::Outcome::Suspended if pass.delivered == self.journal.results.len() => {
                self.journal.body_due = None;
            }
            types::Outcome::Suspended => {}
        }
    }

    /// Records that an attempt has failed. What the code could not have caught fails the run when it is final.
    pub(super) fn attempt_failed(&mut self, key: &OperationKey, failure: Failure, now: u64) {
        let Some(operation) = self.journal.operation(key) else { return };
        let attempt = operation.failures;
        if let Some(delay) = operation.policy.delay_after(attempt, failure.advice) {
            self.journal.retry(key, &failure, delay, now);
            return;
        }
        self.journal.refuse(key, &failure, now);
        if failure.kind == FailureKind::Trap {
            self.fail(Failure { step: Some(key.clone()), attempt, ..failure }, now);
        }
    }

    fn body_failed(&mut self, failure: Failure, now: u64) {
        let attempt = self.journal.body_failures;
        let delay = self.policy.delay_after(attempt, failure.advice);
        let failure = match self.journal.step_error(failure.step.as_ref()) {
            Some(of_step) => Failure { kind: of_step.kind, attempt: of_step.attempt, ..failure },
            None => Failure { step: None, attempt, ..failure },
        };
        match delay {
            Some(delay) => self.journal.retry_body(&failure, delay, now),
            None => self.fail(failure, now),
        }
    }

    fn lose(&mut self, now: u64) {
        self.journal.losses += 1;
        self.journal.note(now, "its host was lost; it goes on".to_owned());
        if self.journal.losses >= LOSSES_MAX {
            let message = format!("the run was interrupted {LOSSES_MAX} times in a row");
            let failure = Error::own("Interrupted", message).with_code("interrupted").of_body();
            self.fail(Failure { kind: FailureKind::Host, ..failure }, now);
        }
    }

    pub(super) fn fail(&mut self, failure: Failure, now: u64) {
        let step = failure.step.as_ref().map_or_else(String::new, |step| format!(" (step {})", step.id));
        let what = format!("failed: {}{step}", text(&failure));
        self.end(Outcome::Failed(failure), what, now);
    }

    pub(super) fn end(&mut self, outcome: Outcome, what: String, now: u64) {
        self.outcome = Some(outcome);
        self.journal.note(now, what);
    }
}

fn not_reached(key: &OperationKey) -> Failure {
    let message = format!(
        "step \"{}\" was reached before, but the code did not reach it again: code outside of steps has to do the same \
         on every pass",
        key.id
    );
    let failure = Error::own("StepNotReached", message).with_code("not_reached").of_body();
    Failure { kind: FailureKind::Divergence, advice: RetryAdvice::ByPolicy, ..failure }
}
