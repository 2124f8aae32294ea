//! Requests that the host makes for a run: they have attempts as steps have them, but no instance.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderValue, Method};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::enter::{cut_off, enter};
use super::judge::not_reached;
use super::operation::Fetch;
use super::pass::{Pass, Purpose};
use super::run::{Run, Sent, StepAttempt};
use crate::limits;
use crate::model::{Failure, Json, OpKey, Request};
use crate::sandbox::{Exit, Unfetched, fetch};
use crate::store;

/// The requests that the run waits for, as its body has asked for them under this lease. They are not recorded, since
/// they may hold secrets: the body asks for the same whenever it is entered.
#[derive(Debug, Default)]
pub struct Fetches {
    asked: HashMap<OpKey, Arc<Fetch>>,
}

impl Fetches {
    /// Takes what the body's last pass has asked for.
    pub fn learn(&mut self, asked: Vec<(OpKey, Fetch)>) {
        self.asked = asked.into_iter().map(|(key, fetch)| (key, Arc::new(fetch))).collect();
    }

    /// Starts each fetch that is due and that nothing handles.
    pub fn start_due(&self, run: &Arc<Run>, steps: &mut JoinSet<()>, stop: &watch::Receiver<bool>) {
        let mut state = run.state();
        for key in state.history.fetches_due(run.now()) {
            if state.fetching.len() >= limits::FAN_OUT_MAX {
                return;
            }
            if state.fetching.insert(key.clone()) {
                let asked = self.asked.get(&key).cloned();
                steps.spawn(see_to(run.clone(), key, asked, stop.clone()));
            }
        }
    }
}

/// Makes an attempt and records it, unless the host stops first, whose successor makes it again, or the run ends.
async fn see_to(run: Arc<Run>, key: OpKey, asked: Option<Arc<Fetch>>, stop: watch::Receiver<bool>) {
    let ended = tokio::select! {
        ended = attempt(&run, &key, asked) => ended,
        () = cut_off(stop) => None,
        () = run.cancellation.cancelled() => None,
    };
    let mut state = run.state();
    state.fetching.remove(&key);
    let Some((attempt, value)) = ended else { return };
    if let Err(failure) = value.and_then(|value| run.step_done(&mut state, &attempt, value)) {
        run.step_failed(&mut state, &attempt, failure);
    }
}

/// The result of an attempt; `None` if it was not made, or if the run is no longer ours.
async fn attempt(
    run: &Arc<Run>,
    key: &OpKey,
    asked: Option<Arc<Fetch>>,
) -> Option<(StepAttempt, Result<Json, Failure>)> {
    let number = run.state().history.step_attempt(key);
    let (key, started) = (key.clone(), run.now());
    let mut attempt = StepAttempt { key, attempt: number, started, has_sent: Sent::Nothing, retry: None };
    let asked = match asked {
        Some(asked) => asked,
        None => match replay(run, &attempt.key).await {
            Ok(asked) => asked,
            Err(failure) => return Some((attempt, Err(failure))),
        },
    };
    attempt.retry = Some(run.code.definition.retry.with(&asked.retry));
    let _seat = run.executor.fetches.acquire().await.expect("the semaphore is never closed");
    if run.state().outcome.is_some() {
        return None;
    }
    attempt.started = run.now();
    let request = identified(&asked.request, run, &attempt.key);
    let has_sent = AtomicBool::new(false);
    let clear = || {
        has_sent.store(true, Ordering::Relaxed);
        clear_to_send(run)
    };
    let fetched = fetch(&request, &run.code.grants, Duration::from_millis(run.code.bounds.deadline_ms), clear).await;
    if has_sent.into_inner() {
        attempt.has_sent = Sent::Something;
    }
    match fetched {
        Ok(value) => Some((attempt, Ok(value))),
        Err(Unfetched::Failed(failure)) => Some((attempt, Err(failure))),
        Err(Unfetched::Held) => None,
    }
}

/// Learns what is asked for from an instance that goes no further: it was noted under an earlier lease, and the body
/// itself backs off.
async fn replay(run: &Arc<Run>, key: &OpKey) -> Result<Arc<Fetch>, Failure> {
    let pass = Pass::new(run.clone(), Purpose::Step(key.clone()));
    let exit = enter(run.clone(), pass.clone()).await;
    let asked = std::mem::take(&mut pass.inner().fetches);
    match (asked.into_iter().find(|(asked, _)| asked == key), exit) {
        (Some((_, fetch)), _) => Ok(Arc::new(fetch)),
        (None, Exit::Faulted(failure)) => Err(failure),
        (None, Exit::Failed(failure)) => Err(Failure { step: None, ..failure }),
        (None, Exit::Completed(_) | Exit::Suspended) => Err(not_reached(key)),
    }
}

/// A request that is not safe to be sent twice says which one it is, the same at every attempt, as a step's closure may
/// (draft-ietf-httpapi-idempotency-key-header).
fn identified(request: &Request, run: &Run, key: &OpKey) -> Request {
    const NAME: &str = "idempotency-key";
    let mut request = request.clone();
    if matches!(request.method, Method::POST | Method::PATCH) && !request.headers.contains_key(NAME) {
        let OpKey { id, n } = key;
        let value = format!("{}-{id}-{n}", run.lease.run);
        let value = HeaderValue::from_bytes(value.as_bytes())
            .or_else(|_| HeaderValue::try_from(value.escape_default().to_string()))
            .expect("what is escaped is ASCII without control characters");
        request.headers.insert(NAME, value);
    }
    request
}

/// Everything before it is durable, and the run still ours; else nothing more may be done here.
async fn clear_to_send(run: &Run) -> bool {
    let store = &run.executor.store;
    let clear = match store.flush(&run.lease).await {
        Ok(()) if store.holds(&run.lease) => return true,
        Ok(()) => store::Error::LeaseLost(run.lease.run),
        Err(error) => error,
    };
    run.state().lost.get_or_insert(clear);
    false
}
