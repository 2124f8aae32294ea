//! A pass through a run's code: the host's side of plan, finish and next.

use super::doubles::Asked;
use super::journal::{Operation, cut, name};
use super::lifecycle::parsed;
use super::panics::Interrupt;
use super::run::LogLine;
use super::world::{State, World};
use crate::bindings::stepwell::plugin::log::Level;
use crate::bindings::stepwell::plugin::steps::{Control, Decision, Found, Resolved};
use crate::bindings::stepwell::plugin::types::{Failure, FailureKind, OperationKey, RetryAdvice};
use crate::error::Error;
use crate::host::Host;
use crate::json::{DEPTH_MAX, depth};
use crate::operations::Answer;
use std::panic::resume_unwind;
use std::rc::Weak;

/// Inngest's limit.
const STEPS_MAX: usize = 1_000;

/// The end of an instance.
pub(super) struct Pass {
    pub(super) run: usize,
    /// The step that it is for; `None`: the body.
    pub(super) target: Option<OperationKey>,
    /// How many results it is shown: one for a step, no more than there were when it began.
    horizon: usize,
    /// How many results the code has been given.
    pub(super) delivered: usize,
    /// The step whose closure is under way.
    pub(super) open: Option<OperationKey>,
    /// Whether a step has run in it.
    pub(super) has_run: bool,
    /// Steps that may run in it: those that were newly reached, or its target.
    candidates: Vec<OperationKey>,
    /// Other operations that were newly reached.
    pub(super) reached: Vec<OperationKey>,
    /// Lines logged since the last result.
    lines: u32,
    /// By what the instance ends as soon as the code wants to know more.
    interrupt: Option<Interrupt>,
}

impl Pass {
    pub(super) fn new(run: usize, target: Option<OperationKey>, results: usize) -> Self {
        Self {
            run,
            horizon: if target.is_some() { results } else { usize::MAX },
            target,
            delivered: 0,
            open: None,
            has_run: false,
            candidates: Vec::new(),
            reached: Vec::new(),
            lines: 0,
            interrupt: None,
        }
    }
}

/// The host as functions see it. It outlives all of them, as their contexts want it.
pub(super) struct Door(pub(super) Weak<World>);

impl Door {
    fn with<T>(&self, call: impl FnOnce(&mut State, &mut Pass) -> Result<T, Interrupt>) -> T {
        let world = self.0.upgrade().expect("functions are entered by a host that is there");
        let mut state = world.state.borrow_mut();
        let mut pass = state.pass.take().expect("functions are entered for a pass");
        let answer = call(&mut state, &mut pass);
        state.pass = Some(pass);
        drop(state);
        drop(world);
        answer.unwrap_or_else(|interrupt| resume_unwind(Box::new(interrupt)))
    }
}

impl Host for Door {
    fn plan(&self, found: &[Found]) -> Vec<Decision> {
        self.with(|state, pass| {
            let noted = found.iter().try_for_each(|one| state.note(pass, one));
            let chosen = noted.and_then(|()| state.choose(pass)).unwrap_or_else(|interrupt| {
                // Not at once: the SDK is in the midst of its own code here, and is not made to be left there.
                pass.interrupt = Some(interrupt);
                None
            });
            let decide = |found: &Found| match &chosen {
                Some((key, attempt)) if *key == found.key => Decision::Run(*attempt),
                _ => Decision::Noted,
            };
            Ok(found.iter().map(decide).collect())
        })
    }

    fn finish(&self, key: &OperationKey, value: Result<&str, &Failure>) -> Control {
        self.with(|state, pass| {
            pass.open = None;
            let value =
                value.map_err(Clone::clone).and_then(|json| bounded(json, &format!("the result of step {}", key.id)));
            let is_final = state.attempted(pass.run, key, value)?;
            let goes_on = is_final && pass.target.is_none();
            Ok(if goes_on { Control::Proceed } else { Control::Stop })
        })
    }

    fn next(&self) -> Option<Resolved> {
        self.with(|state, pass| {
            if let Some(interrupt) = pass.interrupt.take() {
                return Err(interrupt);
            }
            if pass.delivered >= pass.horizon {
                return Ok(None);
            }
            let resolved = state.runs[pass.run].journal.results.get(pass.delivered).cloned();
            pass.delivered += usize::from(resolved.is_some());
            pass.lines = 0;
            Ok(resolved)
        })
    }

    fn suspend(&self) -> ! {
        resume_unwind(Box::new(Interrupt::Suspended))
    }

    fn failed_step(&self, key: &OperationKey) -> Option<Answer> {
        self.with(|state, pass| {
            let failed = state.runs[pass.run].failed.map(|failed| &state.runs[failed]);
            let result = failed.and_then(|run| run.journal.results.iter().find(|result| result.key == *key));
            Ok(result.map(|result| result.value.clone()))
        })
    }

    fn step_input(&self, _: &OperationKey) -> Option<String> {
        None
    }

    fn write_log(&self, level: Level, message: &str, fields: &str) {
        self.with(|state, pass| {
            let run = &mut state.runs[pass.run];
            let attempt = match &pass.open {
                Some(key) => run.journal.operation(key).map_or(0, |operation| operation.failures),
                None => run.journal.body_failures,
            };
            let step = pass.open.as_ref().map(|key| key.id.clone());
            // A line that a replay repeats is known by its attempt, the last result before it, and its number since.
            let open = pass.open.as_ref().map(name);
            if run.lines.insert((attempt, pass.delivered, pass.lines, open)) {
                run.log.push(LogLine { level, message: message.to_owned(), fields: parsed(fields), step });
            }
            pass.lines += 1;
            Ok(())
        });
    }
}

impl State {
    /// Takes an operation in that the code has reached.
    fn note(&mut self, pass: &mut Pass, found: &Found) -> Result<(), Interrupt> {
        let now = self.now;
        let run = &mut self.runs[pass.run];
        if let Some(known) = run.journal.operation(&found.key) {
            if known.kind != found.kind {
                return Err(refused(diverged(found, &known.kind)));
            }
            pass.candidates.extend(pass.target.clone().filter(|target| *target == found.key));
            return Ok(());
        }
        if pass.target.is_some() {
            return Ok(());
        }
        if run.journal.operations.len() >= STEPS_MAX {
            return Err(refused(too_many_steps()));
        }
        let options = parsed(&found.options);
        let is_step = found.kind == "run";
        run.journal.operations.push(Operation {
            key: found.key.clone(),
            kind: found.kind.clone(),
            policy: run.policy.with(&options),
            options,
            due: is_step.then_some(now),
            failures: 0,
            is_over: false,
        });
        if is_step { &mut pass.candidates } else { &mut pass.reached }.push(found.key.clone());
        Ok(())
    }

    /// The step that is to run in this instance now, with its attempt: the target, or in the body the only one there is
    /// when nothing else is open and every result has been delivered.
    fn choose(&mut self, pass: &mut Pass) -> Result<Option<(OperationKey, u32)>, Interrupt> {
        let journal = &mut self.runs[pass.run].journal;
        let is_alone = journal.open().count() == 1 && pass.delivered == journal.results.len();
        let key = match pass.candidates.as_slice() {
            [only] if is_alone || pass.target.is_some() => only.clone(),
            _ => return Ok(None),
        };
        pass.candidates.clear();
        if self.doubles.has(&key.id) {
            self.attempt_double(pass.run, &key)?;
            return Ok(None);
        }
        let Some(operation) = self.runs[pass.run].journal.operation(&key) else { return Ok(None) };
        let attempt = operation.failures;
        pass.open = Some(key.clone());
        pass.has_run = true;
        Ok(Some((key, attempt)))
    }

    /// An attempt of a step that comes to what the test says.
    pub(super) fn attempt_double(&mut self, run: usize, key: &OperationKey) -> Result<(), Interrupt> {
        let asked = self.asked(run, key);
        let value = self.doubles.attempt(&asked)?;
        self.attempted(run, key, value).map(drop)
    }

    pub(super) fn asked(&mut self, run: usize, key: &OperationKey) -> Asked {
        let operation = self.runs[run].journal.operation(key);
        let (attempt, options) = operation.map(|one| (one.failures, one.options.clone())).unwrap_or_default();
        Asked { id: key.id.clone(), n: key.n, attempt, options }
    }

    /// Records what an attempt of a step has come to; whether that was the last.
    fn attempted(&mut self, run: usize, key: &OperationKey, value: Answer) -> Result<bool, Interrupt> {
        if self.doubles.crashes(key) {
            return Err(Interrupt::Lost);
        }
        let now = self.now;
        let run = &mut self.runs[run];
        match value {
            Ok(json) => {
                let shown = cut(&json);
                run.journal.resolve(key, Ok(json), now, |operation| operation.completed(&shown));
            }
            Err(failure) => run.attempt_failed(key, failure, now),
        }
        Ok(run.outcome.is_none() && run.journal.operation(key).is_some_and(|operation| operation.is_over))
    }
}

/// A result that the host takes: nested no deeper than it allows.
pub(super) fn bounded(json: &str, whose: &str) -> Answer {
    if depth(json) <= DEPTH_MAX {
        return Ok(json.to_owned());
    }
    let failure = Error::own("InvalidJson", format!("{whose} is nested deeper than {DEPTH_MAX} levels")).of_body();
    Err(Failure { advice: RetryAdvice::ByPolicy, ..failure })
}

fn refused(failure: Failure) -> Interrupt {
    Interrupt::Refused(Box::new(failure))
}

fn diverged(found: &Found, known: &str) -> Failure {
    let message = format!(
        "the code has diverged from this run's journal: operation \"{}\" was recorded as {known}, and the code now asks \
         for it as {}; give the new operation an id of its own",
        found.key.id, found.kind
    );
    Failure { kind: FailureKind::Divergence, ..Error::own("Diverged", message).of_body() }
}

fn too_many_steps() -> Failure {
    let message = format!(
        "InngestErrFunctionOverflowed: the run exceeded the limit of {STEPS_MAX} steps; split the work into several \
         functions"
    );
    let failure = Error::own("InngestErrFunctionOverflowed", message).with_code("too_many_steps").of_body();
    Failure { kind: FailureKind::Limit, ..failure }
}
