//! An instance's pass through a run's body: the executor's side of plan, finish and next.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::history::{OpKind, Progress};
use super::operation::{Act, Fetch, Operation};
use super::run::{Next, Run, Sent, State, StepAttempt};
use crate::limits;
use crate::model::{Awaited, Entry, Failure, Json, Kind, OpKey, RetryPolicy};
use crate::sandbox::{Control, Decision, Found, Line, Resolved, StepHost, Usage};
use crate::store::{LogLine, Urgency};

/// The purpose of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Drive the body, and run a step in place where it is alone.
    Body,
    /// Replay up to this step, run it, and go no further.
    Step(OpKey),
}

/// A pass, shared between the sandbox, which calls it, and the executor, which looks at what it came to.
#[derive(Debug, Clone)]
pub struct Pass(Arc<Mutex<Inner>>);

#[derive(Debug)]
pub struct Inner {
    run: Arc<Run>,
    purpose: Purpose,
    /// How many results this instance may be given.
    horizon: usize,
    delivered: usize,
    planned: HashMap<OpKey, Place>,
    /// The step that executes in this instance.
    pub open: Option<StepAttempt>,
    /// Steps that were run here, whatever they came to.
    pub steps_run: u32,
    /// Steps that were noted and that nothing handles yet.
    pub candidates: Vec<OpKey>,
    /// Operations that were noted and have something to do outside of the run.
    pub acts: Vec<(OpKey, Act)>,
    /// Requests that were noted and have no response.
    pub fetches: Vec<(OpKey, Fetch)>,
    /// Of steps that have retries of their own.
    retries: HashMap<OpKey, RetryPolicy>,
    /// This instance has done enough: it stops at the next finish.
    is_spent: bool,
    lines: Lines,
}

/// Numbers the lines of the log, so that a replayed one is known.
#[derive(Debug, Default)]
struct Lines {
    /// The body's, since the last result was delivered.
    nth: u32,
    /// The open step's.
    of_step: u32,
    total: u32,
}

/// A place in the body, the same in every pass.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The order of the last result delivered before it, plus one; 0 before any.
    order: u32,
    /// The body's lines since then.
    nth: u32,
}

impl Pass {
    pub fn new(run: Arc<Run>, purpose: Purpose) -> Self {
        let horizon = match purpose {
            Purpose::Body => usize::MAX,
            Purpose::Step(_) => run.state().history.results().len(),
        };
        Self(Arc::new(Mutex::new(Inner {
            run,
            purpose,
            horizon,
            delivered: 0,
            planned: HashMap::new(),
            open: None,
            steps_run: 0,
            candidates: Vec::new(),
            acts: Vec::new(),
            fetches: Vec::new(),
            retries: HashMap::new(),
            is_spent: false,
            lines: Lines::default(),
        })))
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no panic while held")
    }
}

#[async_trait]
impl StepHost for Pass {
    fn plan(&mut self, found: Vec<Found>, usage: Usage) -> Result<Vec<Decision>, Failure> {
        let mut inner = self.inner();
        let run = inner.run.clone();
        let mut state = run.state();
        inner.is_spent |= usage.memory_bytes > usage.memory_max_bytes / 2;
        for operation in &found {
            inner.note(&run, &mut state, operation)?;
        }
        let chosen = inner.choose(&run, &state);
        let decide = |operation: &Found| match &chosen {
            Some(attempt) if attempt.key == operation.key => Decision::Run { attempt: attempt.attempt },
            _ => Decision::Noted,
        };
        let decisions = found.iter().map(decide).collect();
        if let Some(attempt) = chosen {
            inner.lines.of_step = 0;
            inner.candidates.retain(|key| *key != attempt.key);
            inner.steps_run += 1;
            inner.is_spent |= inner.steps_run >= limits::STEPS_PER_INSTANCE;
            inner.open = Some(attempt);
        }
        Ok(decisions)
    }

    fn finish(&mut self, key: OpKey, value: Result<Json, Failure>) -> Result<Control, Failure> {
        let mut inner = self.inner();
        let Some(attempt) = inner.open.take_if(|attempt| attempt.key == key) else {
            let message = format!("step {key:?} was finished, but it is not open in this instance");
            return Err(Failure::of_host(Kind::Divergence, "NotOpen", message).never_retried());
        };
        let run = inner.run.clone();
        let mut state = run.state();
        let outcome = value.and_then(|value| run.step_done(&mut state, &attempt, value));
        let next = match outcome {
            Ok(()) => Next::Final,
            Err(failure) => run.step_failed(&mut state, &attempt, failure),
        };
        let goes_on = next == Next::Final
            && inner.purpose == Purpose::Body
            && !inner.is_spent
            && state.outcome.is_none()
            && state.lost.is_none();
        Ok(if goes_on { Control::Proceed } else { Control::Stop })
    }

    fn next(&mut self) -> Option<Resolved> {
        let mut inner = self.inner();
        if inner.delivered >= inner.horizon {
            return None;
        }
        let run = inner.run.clone();
        let state = run.state();
        let delivery = state.history.results().get(inner.delivered)?;
        inner.delivered += 1;
        inner.lines.nth = 0;
        Some(Resolved {
            key: delivery.key.clone(),
            value: delivery.value.clone(),
            at: delivery.at,
            order: delivery.order,
        })
    }

    fn step_input(&mut self, key: &OpKey) -> Option<Json> {
        let run = self.inner().run.clone();
        let state = run.state();
        state.history.input(key).cloned()
    }

    async fn failed_step(&mut self, key: OpKey) -> Option<Result<Json, Failure>> {
        let run = self.inner().run.clone();
        let failed = run.failed.as_ref()?;
        failed.results.iter().find(|delivery| delivery.key == key).map(|delivery| delivery.value.clone())
    }

    fn log(&mut self, line: Line) {
        let mut inner = self.inner();
        let run = inner.run.clone();
        if inner.lines.total >= limits::LOG_LINES_PER_RUN_MAX {
            return;
        }
        inner.lines.total += 1;
        let line = inner.line(&run, line);
        run.executor.store.log(&run.lease, vec![line]);
    }

    fn clear_to_send(&mut self) -> Pin<Box<dyn Future<Output = bool> + Send>> {
        let mut inner = self.inner();
        if let Some(attempt) = &mut inner.open {
            attempt.has_sent = Sent::Something;
        }
        let run = inner.run.clone();
        Box::pin(async move {
            let store = &run.executor.store;
            store.flush(&run.lease).await.is_ok() && store.holds(&run.lease)
        })
    }

    fn cancellation(&mut self) -> CancellationToken {
        self.inner().run.cancellation.clone()
    }
}

impl Inner {
    /// How many results the instance has been given.
    pub fn delivered(&self) -> usize {
        self.delivered
    }

    /// Takes an operation in: checks it, and starts what needs no step to start.
    fn note(&mut self, run: &Run, state: &mut State, found: &Found) -> Result<(), Failure> {
        let operation = Operation::read(found, run.now())?;
        let kind = operation.kind();
        if let Operation::Step(Some(retry)) = &operation {
            self.retries.insert(found.key.clone(), run.code.definition.retry.with(retry));
        }
        let here = self.here(state);
        if self.planned.insert(found.key.clone(), here).is_some() {
            let message = format!("operation {:?} was planned twice in one pass", found.key);
            return Err(Failure::of_host(Kind::Divergence, "PlannedTwice", message).never_retried());
        }
        if let Some((known, progress)) = state.history.operation(&found.key) {
            if known != kind {
                return Err(diverged(&found.key, known, kind).at(Some(found.key.clone()), state.history.body_attempt()));
            }
            match (operation, progress) {
                (Operation::Fetch(_), Progress::Resolved) => {}
                (Operation::Fetch(fetch), _) => self.fetches.push((found.key.clone(), fetch)),
                (_, Progress::BacksOff { until, .. }) if until <= run.now() => self.consider(state, &found.key),
                _ => {}
            }
            return Ok(());
        }
        if self.purpose != Purpose::Body {
            self.consider(state, &found.key);
            return Ok(());
        }
        if state.history.operations() + self.candidates.len() + self.acts.len() + state.in_flight.len()
            >= limits::STEPS_PER_RUN_MAX as usize
        {
            return Err(too_many_steps());
        }
        match operation {
            Operation::Step(_) => self.consider(state, &found.key),
            Operation::Sleep { until } => {
                run.record(state, Entry::Sleep { key: found.key.clone(), until }, Urgency::Lazy);
            }
            Operation::Act(act) => self.acts.push((found.key.clone(), act)),
            Operation::Fetch(fetch) => {
                let (method, host) = (fetch.request.method.as_str().into(), fetch.request.host().into());
                let (key, what) = (found.key.clone(), Awaited::Response { method, host });
                run.record(state, Entry::Waits { key, what, until: None }, Urgency::Lazy);
                self.fetches.push((found.key.clone(), fetch));
            }
        }
        Ok(())
    }

    fn consider(&mut self, state: &State, key: &OpKey) {
        if !state.in_flight.contains(key) || self.purpose == Purpose::Step(key.clone()) {
            self.candidates.push(key.clone());
        }
    }

    /// The step that is to run in this instance now, if any: its target, or in the body the only one there is when
    /// nothing else of the run is unresolved and every recorded result has been delivered.
    fn choose(&self, run: &Run, state: &State) -> Option<StepAttempt> {
        if self.open.is_some() || state.outcome.is_some() || state.lost.is_some() {
            return None;
        }
        let key = match &self.purpose {
            Purpose::Step(target) => {
                self.candidates.iter().find(|key| *key == target).filter(|_| self.steps_run == 0)?
            }
            Purpose::Body => {
                let [only] = self.candidates.as_slice() else { return None };
                let itself = usize::from(matches!(state.history.operation(only), Some((_, Progress::BacksOff { .. }))));
                let is_alone =
                    state.history.unresolved() == itself && state.in_flight.is_empty() && self.acts.is_empty();
                let is_up_to_date = self.delivered == state.history.results().len();
                Some(only).filter(|_| is_alone && is_up_to_date && !self.is_spent)?
            }
        };
        Some(StepAttempt {
            key: key.clone(),
            attempt: state.history.step_attempt(key),
            started: run.now(),
            has_sent: Sent::Nothing,
            retry: self.retries.get(key).cloned(),
        })
    }

    /// The attempt that the code sees in this instance: the step's own, in its closure and on the way to it. A body
    /// that retries no step sees its own, and never less, so that what it got past once it gets past again.
    pub fn attempt(&self) -> u32 {
        let state = self.run.state();
        match &self.purpose {
            Purpose::Step(key) => state.history.step_attempt(key),
            Purpose::Body => {
                let sole_retry = state.history.sole_retry(self.run.now());
                sole_retry.unwrap_or_default().max(state.history.body_attempt())
            }
        }
    }

    fn here(&self, state: &State) -> Place {
        let last = self.delivered.checked_sub(1).map(|last| state.history.results()[last].order);
        Place { order: last.map_or(0, |order| order + 1), nth: self.lines.nth }
    }

    /// A body's line is known by its attempt, the last result delivered before it, and its number since. A step's line
    /// is known by the step, its attempt, where the body planned the step, and its number in the closure.
    fn line(&mut self, run: &Run, line: Line) -> LogLine {
        let state = run.state();
        let mut place = self.here(&state);
        let (step, attempt) = match &self.open {
            Some(open) => {
                place = self.planned.get(&open.key).copied().unwrap_or(place);
                place.nth += self.lines.of_step;
                self.lines.of_step += 1;
                (Some(open.key.clone()), open.attempt)
            }
            None => {
                self.lines.nth += 1;
                (None, state.history.body_attempt())
            }
        };
        LogLine {
            attempt,
            order: place.order,
            nth: place.nth,
            step,
            at: run.now(),
            level: line.level,
            message: line.message,
            fields: line.fields,
        }
    }
}

fn diverged(key: &OpKey, known: OpKind, asked: OpKind) -> Failure {
    let message = format!(
        "the code has diverged from this run's journal: operation {key:?} was recorded as {}, and the code now asks for \
         it as {}; give the new operation an id of its own",
        known.noun(),
        asked.noun()
    );
    Failure::of_host(Kind::Divergence, "Diverged", message).never_retried()
}

fn too_many_steps() -> Failure {
    let message = format!(
        "InngestErrFunctionOverflowed: the run exceeded the limit of {} steps; split the work into several functions",
        limits::STEPS_PER_RUN_MAX
    );
    Failure::of_host(Kind::Limit, "InngestErrFunctionOverflowed", message).coded("too_many_steps").never_retried()
}
