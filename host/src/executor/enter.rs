//! Enters the plugin: for the body, or for a step in an instance of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::judge::judge_step;
use super::pass::{Pass, Purpose};
use super::run::Run;
use crate::limits;
use crate::model::OpKey;
use crate::sandbox::{Entry, Exit, Owner};
use crate::store::{self, Lease};

/// Makes an attempt of a step in an instance of its own. Whatever befalls that instance is charged to the step.
pub async fn run_step(run: Arc<Run>, key: OpKey, stop: watch::Receiver<bool>) {
    let pass = Pass::new(run.clone(), Purpose::Step(key.clone()));
    let exit = tokio::select! {
        exit = enter(run.clone(), pass.clone()) => Some(exit),
        () = cut_off(stop) => None,
    };
    if let Some(exit) = exit {
        judge_step(&run, &pass, &key, exit);
    }
    // After the record: a reader that finds it neither in flight nor recorded would start it once more.
    run.state().in_flight.remove(&key);
}

/// Enters the plugin once.
pub async fn enter(run: Arc<Run>, pass: Pass) -> Exit {
    let _permit = run.executor.instances.acquire().await.expect("the semaphore is never closed");
    let function = &run.lease.function;
    let entry = Entry {
        owner: Owner::Plugin(function.namespace.clone(), function.plugin.clone()),
        run: run.lease.run,
        function: function.function.to_string(),
        attempt: pass.inner().attempt(),
        max_attempts: run.code.definition.retry.max_attempts(),
        events: run.lease.events.clone(),
        on_failure: run.failed.as_ref().map(|failed| failed.error.clone()),
        secret: run.lease.secret,
        started: run.lease.run.created(),
    };
    if run.failed.is_none() {
        store::fault_point("execute.begin");
    }
    let mut bounds = run.code.bounds;
    if run.failed.is_some() {
        bounds.memory_bytes += handler_headroom(&run.lease);
    }
    run.code.plugin.enter(entry, Box::new(pass), &run.code.grants, bounds).await.0
}

/// A handler's memory grows with its input, so that no failure is too big to be told.
fn handler_headroom(lease: &Lease) -> usize {
    const COPIES: usize = 8;
    lease.events.iter().map(|event| event.json.len() * COPIES).sum()
}

/// Ends when the host has been stopping for as long as it waits for what executes.
pub async fn cut_off(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|is_stopping| *is_stopping).await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(Duration::from_millis(limits::SHUTDOWN_GRACE_MS)).await;
}
