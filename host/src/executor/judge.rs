//! Judges the end of an entry into the plugin, and records it.

use super::pass::Pass;
use super::run::{Run, Sent, StepAttempt, output_too_large};
use crate::limits;
use crate::model::{Failure, Kind, OpKey, Outcome};
use crate::sandbox::Exit;

/// How far the body has been driven under this lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// The body has to be entered, unless it backs off.
    Unentered,
    /// The body waits, and has been given this many results.
    Waits { delivered: usize },
}

/// Records the end of the body's pass.
pub fn judge_body(run: &Run, pass: &Pass, exit: Exit) -> Body {
    let mut pass = pass.inner();
    let mut state = run.state();
    match exit {
        Exit::Completed(result) if result.len() > limits::RUN_OUTPUT_MAX_BYTES => {
            let failure = output_too_large("function's result", result.len(), limits::RUN_OUTPUT_MAX_BYTES);
            run.body_failed(&mut state, failure);
        }
        Exit::Completed(result) => {
            state.outcome.get_or_insert(Outcome::Completed(result));
        }
        Exit::Failed(mut failure) => {
            if failure.step.is_none() {
                failure.kind = Kind::Application;
            }
            run.body_failed(&mut state, failure);
        }
        Exit::Faulted(failure) => match pass.open.take() {
            Some(attempt) => {
                run.step_failed(&mut state, &attempt, failure);
            }
            None => run.body_failed(&mut state, failure),
        },
        Exit::Suspended => match pass.open.take() {
            Some(attempt) => {
                run.step_failed(&mut state, &attempt, nested(&attempt.key));
            }
            None => {
                let is_dry = pass.candidates.is_empty() && pass.acts.is_empty() && state.in_flight.is_empty();
                let is_told_all = pass.delivered() == state.history.results().len();
                if is_dry && is_told_all && state.history.unresolved() == 0 && state.outcome.is_none() {
                    run.body_failed(&mut state, stalled());
                    return Body::Unentered;
                }
                return Body::Waits { delivered: pass.delivered() };
            }
        },
    }
    Body::Unentered
}

pub fn judge_step(run: &Run, pass: &Pass, key: &OpKey, exit: Exit) {
    let mut pass = pass.inner();
    let mut state = run.state();
    let open = pass.open.take();
    let was_kept_from_starting = state.outcome.is_some() || state.lost.is_some();
    if open.is_none() && (pass.steps_run > 0 || was_kept_from_starting) {
        return;
    }
    let attempt = open.clone().unwrap_or_else(|| StepAttempt {
        key: key.clone(),
        attempt: state.history.step_attempt(key),
        started: run.now(),
        has_sent: Sent::Nothing,
        retry: None,
    });
    let failure = match exit {
        Exit::Faulted(failure) => failure,
        _ if open.is_some() => nested(key),
        Exit::Failed(failure) => Failure { step: None, ..failure },
        Exit::Completed(_) | Exit::Suspended => not_reached(key),
    };
    run.step_failed(&mut state, &attempt, failure);
}

fn nested(key: &OpKey) -> Failure {
    let message = format!(
        "step {key:?} waits for another operation inside its closure: nested steps are not possible; run the inner step \
         before or after it"
    );
    Failure::of_host(Kind::Application, "NestedStepError", message).coded("nested").never_retried()
}

pub fn not_reached(key: &OpKey) -> Failure {
    let message = format!(
        "step {key:?} was reached before, but the code did not reach it again: code outside of steps has to do the same \
         on every pass"
    );
    Failure::of_host(Kind::Divergence, "StepNotReached", message).coded("not_reached")
}

fn stalled() -> Failure {
    let message = "the function waits for something that is no step: await only steps, sleeps and other operations";
    Failure::of_host(Kind::Application, "Stalled", message).coded("stalled")
}
