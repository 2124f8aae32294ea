//! The loop that takes a run from its lease to its verdict.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Executor;
use super::enter::{cut_off, enter, run_step};
use super::fetch::Fetches;
use super::history::History;
use super::judge::{Body, judge_body};
use super::operation::Act;
use super::pass::{Pass, Purpose};
use super::run::{FailedRun, Run};
use crate::limits;
use crate::model::{Entry as JournalEntry, Failure, Json, Kind, Mail, Millis, OpKey, Outcome, Role};
use crate::registry;
use crate::router::{HasHandler, RunEnd};
use crate::store::{self, Lease, LogLine, Urgency, Verdict};

/// Drives the run and settles it. An error means that nothing more may be done for it here.
pub async fn drive(
    executor: &Arc<Executor>,
    mut lease: Lease,
    stop: watch::Receiver<bool>,
) -> Result<(), store::Error> {
    let history = History::replay(std::mem::take(&mut lease.journal));
    let letters = executor.store.mail(&lease, 0).await?;
    if let Some(reason) = letters.iter().find_map(|(_, mail)| cancellation(mail)) {
        return end(executor, &lease, HasHandler::No, Outcome::Cancelled { reason }).await;
    }
    if is_too_late(&lease, &history, executor.clock.now()) {
        let reason = "it could not begin within `timeouts.start`".into();
        return end(executor, &lease, HasHandler::No, Outcome::Cancelled { reason }).await;
    }
    let code = match executor.registry.code(lease.version, &lease.function).await {
        Ok(code) => code,
        Err(error) => return postpone(executor, &lease, &error).await,
    };
    let failed = failed_run(executor, &lease).await?;
    let interruptions = history.interruptions();
    let run = Arc::new(Run::new(executor.clone(), lease, code, history, failed));
    if interruptions >= limits::INTERRUPTIONS_MAX {
        run.state().outcome = Some(Outcome::Failed(interrupted(interruptions)));
    }
    let mut drive = Drive {
        run,
        steps: JoinSet::new(),
        pending: Vec::new(),
        body: Body::Unentered,
        mail_read: 0,
        early: Vec::new(),
        acts: Vec::new(),
        fetches: Fetches::default(),
        places: 1,
        stop,
    };
    drive.take_letters(letters);
    drive.begin();
    drive.until_verdict().await
}

/// A run in the executor's hands.
struct Drive {
    run: Arc<Run>,
    /// Steps that execute in instances of their own, and fetches.
    steps: JoinSet<()>,
    /// Steps that the last pass noted and that have not been started.
    pending: Vec<OpKey>,
    body: Body,
    /// The number of the last letter that was read.
    mail_read: i64,
    /// Results of operations that are not noted yet.
    early: Vec<(OpKey, Result<Json, Failure>)>,
    /// Operations that the last pass noted and that have something to do outside.
    acts: Vec<(OpKey, Act)>,
    fetches: Fetches,
    /// Instances that may execute at once under the run's concurrency limits, as far as it has asked.
    places: usize,
    stop: watch::Receiver<bool>,
}

/// The next action.
enum Move {
    Act,
    Settle(Verdict),
    SettleEnd(Outcome),
    EnterBody,
    Wait { until: Option<Millis> },
}

impl Drive {
    async fn until_verdict(mut self) -> Result<(), store::Error> {
        loop {
            self.read_mail().await?;
            self.end_overdue();
            self.wake_sleeps();
            self.check_lost()?;
            match self.next_move() {
                Move::Act => self.act().await?,
                Move::EnterBody => self.enter_body().await?,
                Move::Wait { until } => self.wait(until).await,
                Move::SettleEnd(outcome) => return self.end(outcome).await,
                Move::Settle(verdict) => return self.settle(verdict).await,
            }
        }
    }

    /// The time that the run may take counts from its first execution; and what has begun is not throttled again.
    fn begin(&self) {
        let mut state = self.run.state();
        let is_limited = self.run.lease.terms.is_some() || self.run.code.definition.timeouts.finish_ms.is_some();
        if is_limited && state.history.began().is_none() {
            self.run.record(&mut state, JournalEntry::Began, Urgency::Lazy);
        }
    }

    /// When the run has to have ended.
    fn finish_by(&self) -> Option<Millis> {
        let finish = self.run.code.definition.timeouts.finish_ms?;
        self.run.state().history.began().map(|began| began.saturating_add(finish))
    }

    fn end_overdue(&self) {
        if self.finish_by().is_some_and(|by| by <= self.run.now()) {
            let reason = "it took longer than `timeouts.finish`".into();
            self.run.state().outcome.get_or_insert(Outcome::Cancelled { reason });
        }
    }

    /// Decides. Steps that are due are started on the way.
    fn next_move(&mut self) -> Move {
        let is_stopping = *self.stop.borrow();
        let outcome = self.run.state().outcome.clone();
        if outcome.is_some() || is_stopping {
            return match (self.steps.is_empty(), outcome) {
                (false, _) => Move::Wait { until: None },
                (true, Some(outcome)) => Move::SettleEnd(outcome),
                (true, None) => Move::Settle(Verdict::Release),
            };
        }
        if !self.acts.is_empty() {
            return Move::Act;
        }
        let is_due = self.body_is_due();
        if is_due && self.takes_place() {
            return Move::EnterBody;
        }
        if !is_due {
            self.start_due_steps();
        }
        self.fetches.start_due(&self.run, &mut self.steps, &self.stop);
        self.give_places_back();
        let finish_by = self.finish_by();
        let state = self.run.state();
        let or_finish = |due: Option<Millis>| due.into_iter().chain(finish_by).min();
        match self.steps.is_empty() {
            // An operation that is due already executes, or waits for room: its end is waited for, not its time.
            false => Move::Wait { until: or_finish(state.history.next_due_after(self.run.now())) },
            // Its places went to others while it fetched: it stands in line for one.
            true if is_due || !self.pending.is_empty() => Move::Settle(Verdict::Park { due: Some(self.run.now()) }),
            true => Move::Settle(Verdict::Park { due: or_finish(state.history.next_due_after(0)) }),
        }
    }

    /// Whether one more instance may execute.
    fn takes_place(&mut self) -> bool {
        let executing = self.run.state().in_flight.len();
        if executing < self.places {
            return true;
        }
        let takes = self.run.lease.terms.is_none() || self.run.executor.store.widen(&self.run.lease);
        self.places += usize::from(takes);
        takes
    }

    /// Others may have what is not used: all, while the run has nothing but fetches under way.
    fn give_places_back(&mut self) {
        let state = self.run.state();
        let used = state.in_flight.len().max(usize::from(state.fetching.is_empty()));
        drop(state);
        while self.places > used {
            self.places -= 1;
            if self.run.lease.terms.is_some() {
                self.run.executor.store.narrow(&self.run.lease);
            }
        }
    }

    fn body_is_due(&self) -> bool {
        let state = self.run.state();
        if state.history.body_retry_at().is_some_and(|at| at > self.run.now()) {
            return false;
        }
        match self.body {
            Body::Unentered => true,
            Body::Waits { delivered } => state.history.results().len() > delivered,
        }
    }

    fn wake_sleeps(&self) {
        let mut state = self.run.state();
        if state.history.unresolved() == 0 {
            return;
        }
        for (_, key) in state.history.sleeps_over(self.run.now()) {
            self.run.record(&mut state, JournalEntry::Woke { key }, Urgency::Lazy);
        }
        self.run.end_waits(&mut state);
    }

    fn check_lost(&self) -> Result<(), store::Error> {
        self.run.state().lost.take().map_or(Ok(()), Err)
    }

    async fn act(&mut self) -> Result<(), store::Error> {
        for (key, act) in std::mem::take(&mut self.acts) {
            self.run.act(key, act).await?;
        }
        self.take_answers();
        Ok(())
    }

    /// Takes what has come for the run since it was last asked for.
    async fn read_mail(&mut self) -> Result<(), store::Error> {
        let letters = self.run.executor.store.mail(&self.run.lease, self.mail_read).await?;
        self.take_letters(letters);
        Ok(())
    }

    fn take_letters(&mut self, letters: Vec<(i64, Mail)>) {
        for (seq, mail) in letters {
            self.mail_read = seq;
            match mail {
                Mail::Cancel { reason } => {
                    let mut state = self.run.state();
                    if let Outcome::Cancelled { .. } = state.outcome.get_or_insert(Outcome::Cancelled { reason }) {
                        self.run.cancellation.cancel();
                    }
                }
                Mail::Answer { key, value } => self.early.push((key, value)),
            }
        }
        self.take_answers();
    }

    /// Records the answers to operations that are known to wait. If the host crashed in between, an answer may
    /// come before its operation is noted: it waits for the note, and meanwhile no mail is thrown away.
    fn take_answers(&mut self) {
        let mut state = self.run.state();
        self.early.retain(|(key, value)| !self.run.answer(&mut state, key.clone(), value.clone()));
        drop(state);
        if self.early.is_empty() {
            self.run.executor.store.took_mail(&self.run.lease, self.mail_read);
        }
    }

    async fn enter_body(&mut self) -> Result<(), store::Error> {
        let pass = Pass::new(self.run.clone(), Purpose::Body);
        let mut entry = pin!(enter(self.run.clone(), pass.clone()));
        let run = self.run.clone();
        let exit = loop {
            tokio::select! {
                exit = entry.as_mut() => break exit,
                () = cut_off(self.stop.clone()) => return Ok(()),
                // A cancelled run goes on to no further step.
                () = run.executor.store.mail_came(&run.lease) => self.read_mail().await?,
                () = until(&run, self.finish_by()), if run.state().outcome.is_none() => self.end_overdue(),
            }
        };
        self.body = judge_body(&self.run, &pass, exit);
        let mut pass = pass.inner();
        self.pending = std::mem::take(&mut pass.candidates);
        self.acts = std::mem::take(&mut pass.acts);
        self.fetches.learn(std::mem::take(&mut pass.fetches));
        Ok(())
    }

    /// Starts an instance for each step that is due and that nothing handles.
    fn start_due_steps(&mut self) {
        let mut due = std::mem::take(&mut self.pending);
        due.extend(self.run.state().history.steps_due(self.run.now()));
        due.dedup();
        for key in due {
            let executing = self.run.state().in_flight.len();
            if self.run.state().in_flight.contains(&key) {
                continue;
            }
            if executing >= limits::FAN_OUT_MAX || !self.takes_place() {
                self.pending.push(key);
                continue;
            }
            self.run.state().in_flight.insert(key.clone());
            self.steps.spawn(run_step(self.run.clone(), key, self.stop.clone()));
        }
    }

    /// Until a step has ended, something is due, or the host stops.
    async fn wait(&mut self, at: Option<Millis>) {
        let run = self.run.clone();
        let due = until(&run, at);
        let is_stopping = *self.stop.borrow();
        tokio::select! {
            _ = self.steps.join_next() => {}
            () = due => {}
            () = self.run.executor.store.mail_came(&self.run.lease) => {}
            _ = self.stop.changed(), if !is_stopping => {}
        }
    }

    async fn settle(self, verdict: Verdict) -> Result<(), store::Error> {
        self.run.executor.store.settle(&self.run.lease, verdict).await
    }

    async fn end(self, outcome: Outcome) -> Result<(), store::Error> {
        let run = &self.run;
        let has_handler = if run.code.definition.has_failure_handler { HasHandler::Yes } else { HasHandler::No };
        end(&run.executor, &run.lease, has_handler, outcome).await
    }
}

/// Ends the run, with its lifecycle events and the runs they start, in one transaction. A plan that a swap has
/// overtaken is made again.
async fn end(
    executor: &Executor,
    lease: &Lease,
    has_failure_handler: HasHandler,
    outcome: Outcome,
) -> Result<(), store::Error> {
    let at = executor.clock.now();
    let end = RunEnd {
        run: lease.run,
        function: &lease.function,
        version: lease.version,
        has_failure_handler,
        events: &lease.events,
        invoker: lease.invoker.as_ref(),
        outcome: &outcome,
        at,
    };
    let (end, outcome) = (&end, &outcome);
    let attempt = || async move {
        let (generation, lifecycle) = executor.router.plan_end(end);
        let verdict = Verdict::End { outcome: outcome.clone(), at, generation, lifecycle };
        executor.store.settle(lease, verdict).await
    };
    executor.router.planned(attempt).await
}

/// Whether the run has not begun by when it had to.
fn is_too_late(lease: &Lease, history: &History, now: Millis) -> bool {
    let start_by = lease.terms.as_ref().and_then(|terms| terms.start_by);
    start_by.is_some_and(|by| by <= now) && history.began().is_none()
}

/// Why the run is to end, if the letter says so.
fn cancellation(mail: &Mail) -> Option<Arc<str>> {
    match mail {
        Mail::Cancel { reason } => Some(reason.clone()),
        Mail::Answer { .. } => None,
    }
}

/// Ends at that time, or never.
async fn until(run: &Run, at: Option<Millis>) {
    match at {
        Some(at) => run.executor.clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The run's code cannot be had right now: it waits rather than fails, since its code is in the store.
async fn postpone(executor: &Executor, lease: &Lease, error: &registry::Error) -> Result<(), store::Error> {
    tracing::error!(run = %lease.run, function = %lease.function, %error, "the run's code cannot be loaded; trying again");
    let now = executor.clock.now();
    let message =
        format!("its code cannot be loaded, it tries again every {} s: {error}", limits::CODE_RETRY_MS / 1_000);
    let (level, fields, step) = ("error", None, None);
    // A number that no line of the function's own has.
    let nth = u32::MAX;
    executor.store.log(lease, vec![LogLine { attempt: 0, order: 0, nth, step, at: now, level, message, fields }]);
    let due = now + limits::CODE_RETRY_MS;
    executor.store.settle(lease, Verdict::Park { due: Some(due) }).await
}

/// For a failure handler: how the failed run ended, and what its steps had come to.
async fn failed_run(executor: &Executor, lease: &Lease) -> Result<Option<FailedRun>, store::Error> {
    if lease.function.role == Role::Main {
        return Ok(None);
    }
    let found = match lease.failed_run {
        Some(run) => executor.store.failed_run(run).await?,
        None => None,
    };
    let (journal, error) = match found {
        Some((journal, Outcome::Failed(error))) => (journal, error),
        _ => (Vec::new(), Failure::of_host(Kind::Host, "Error", "Unknown error")),
    };
    let results = History::replay(journal).results().to_vec();
    Ok(Some(FailedRun { error, results }))
}

fn interrupted(times: u32) -> Failure {
    let message = format!(
        "the run was interrupted {times} times in a row: its host crashed, or was killed, while the run executed"
    );
    Failure::of_host(Kind::Host, "Interrupted", message).coded("interrupted").never_retried()
}
