//! Drives a leased run, from its start to its verdict.
//!
//! The run's body is entered again whenever a result is new, one instance at a time. A step that is alone runs in the
//! body's instance; several at once run in instances of their own ([`pass`]). What happens is recorded in the run's
//! journal through the store ([`run`]), which the room introduces to the sandbox.

mod act;
mod drive;
mod enter;
mod fetch;
mod history;
mod judge;
mod operation;
mod pass;
mod run;

use std::sync::{Arc, Mutex};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::sync::{Semaphore, watch};

use crate::limits;
use crate::model::{Clock, Millis, RetryAdvice, RetryPolicy};
use crate::registry::Registry;
use crate::router::Router;
use crate::store::{Lease, Store};

/// The parts that an executor is made of.
#[derive(Debug)]
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub registry: Arc<Registry>,
    pub router: Arc<Router>,
    pub clock: Arc<dyn Clock>,
    /// Places the jitter of retries.
    pub jitter_seed: u64,
    /// A constant delay between attempts in place of the policy's table and jitter, for trying things out.
    pub retry_interval_ms: Option<Millis>,
    /// Instances alive at once.
    pub instances: usize,
}

/// Drives leased runs.
#[derive(Debug)]
pub struct Executor {
    store: Arc<dyn Store>,
    registry: Arc<Registry>,
    router: Arc<Router>,
    clock: Arc<dyn Clock>,
    jitter: Mutex<ChaCha8Rng>,
    retry_interval_ms: Option<Millis>,
    instances: Arc<Semaphore>,
    /// Room for requests that the host makes.
    fetches: Semaphore,
}

impl Executor {
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            store: parts.store,
            registry: parts.registry,
            router: parts.router,
            clock: parts.clock,
            jitter: Mutex::new(ChaCha8Rng::seed_from_u64(parts.jitter_seed)),
            retry_interval_ms: parts.retry_interval_ms,
            instances: Arc::new(Semaphore::new(parts.instances)),
            fetches: Semaphore::new(limits::FETCHES_MAX),
        })
    }

    /// Drives the run until it ends, waits, or the host stops, and gives the lease back. A lease that is lost on the
    /// way is dropped: the run's new holder handles it.
    pub async fn execute(self: &Arc<Self>, lease: Lease, stop: watch::Receiver<bool>) {
        let run = lease.run;
        match drive::drive(self, lease, stop).await {
            Ok(()) => {}
            Err(crate::store::Error::LeaseLost(_)) => tracing::warn!(%run, "lease lost, run dropped here"),
            Err(crate::store::Error::Closing) => tracing::debug!(%run, "store closing, run left as it is"),
            Err(error) => tracing::error!(%run, %error, "run given up on this host"),
        }
    }

    /// The delay before the attempt after `attempt`, or `None` if no attempt is left.
    fn retry_delay(&self, policy: &RetryPolicy, attempt: u32, advice: RetryAdvice) -> Option<Millis> {
        let random =
            f64::from(self.jitter.lock().expect("no panic while held").next_u32()) / (f64::from(u32::MAX) + 1.0);
        let delay = policy.delay_after(attempt, advice, random)?;
        Some(match (self.retry_interval_ms, advice) {
            (Some(interval), RetryAdvice::ByPolicy) => interval,
            _ => delay,
        })
    }
}
