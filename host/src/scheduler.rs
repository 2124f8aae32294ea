//! Leases runs as there is room, drives each in a task of its own, and wakes what waits.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{RwLock, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::executor::Executor;
use crate::limits;
use crate::model::{Clock, Entry};
use crate::store::{self, Lease, Store};

/// Leases runs and has them executed.
#[derive(Debug)]
pub struct Scheduler {
    store: Arc<dyn Store>,
    executor: Arc<Executor>,
    clock: Arc<dyn Clock>,
    workers: usize,
    /// Runs share it; one that was interrupted too often takes it for itself, so that it takes no neighbour with it.
    floor: Arc<RwLock<()>>,
}

impl Scheduler {
    /// `workers`: runs executing at once.
    pub fn new(store: Arc<dyn Store>, executor: Arc<Executor>, clock: Arc<dyn Clock>, workers: usize) -> Arc<Self> {
        Arc::new(Self { store, executor, clock, workers, floor: Arc::new(RwLock::new(())) })
    }

    /// Runs until told to stop; by then every lease has been given back.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let room = Arc::new(Semaphore::new(self.workers));
        let mut running = JoinSet::new();
        while !*stop.borrow() {
            while running.try_join_next().is_some() {}
            let leases = match self.store.lease(room.available_permits(), self.clock.now()).await {
                Ok(leases) => leases,
                Err(store::Error::Closing) => break,
                Err(error) => {
                    tracing::error!(%error, "no runs could be leased; trying again");
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_millis(limits::LEASE_RETRY_MS)) => {}
                        _ = stop.changed() => {}
                    }
                    continue;
                }
            };
            let is_idle = leases.is_empty();
            for lease in leases {
                let permit = room.clone().try_acquire_owned().expect("no more was leased than there was room for");
                let scheduler = self.clone();
                let stop = stop.clone();
                running.spawn(async move {
                    scheduler.execute(lease, stop).await;
                    drop(permit);
                });
            }
            if is_idle || room.available_permits() == 0 {
                self.wait(&room, &mut running, &mut stop).await;
            }
        }
        while running.join_next().await.is_some() {}
    }

    async fn execute(&self, lease: Lease, stop: watch::Receiver<bool>) {
        if interruptions(&lease) >= limits::INTERRUPTIONS_ALONE {
            return self.execute_alone(lease, stop).await;
        }
        let _shared = self.floor.read().await;
        self.executor.execute(lease, stop).await;
    }

    /// Alone for as long as it takes to see whether the run kills its host.
    async fn execute_alone(&self, lease: Lease, stop: watch::Receiver<bool>) {
        let a_while = Duration::from_millis(limits::ALONE_MS);
        let mut execution = pin!(self.executor.execute(lease, stop));
        let _shared = match timeout(a_while, self.floor.write()).await {
            Ok(alone) => {
                if timeout(a_while, &mut execution).await.is_ok() {
                    return;
                }
                alone.downgrade()
            }
            Err(_) => self.floor.read().await,
        };
        execution.await;
    }

    /// Until there may be something to lease and room for it.
    async fn wait(&self, room: &Semaphore, running: &mut JoinSet<()>, stop: &mut watch::Receiver<bool>) {
        if room.available_permits() == 0 {
            tokio::select! {
                _ = running.join_next() => {}
                _ = stop.changed() => {}
            }
            return;
        }
        let due = async {
            match self.store.next_due() {
                Some(at) => self.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.store.ready() => {}
            () = due => {}
            _ = stop.changed() => {}
        }
    }
}

/// Since the last recorded result.
fn interruptions(lease: &Lease) -> u32 {
    let since = lease.journal.iter().rev().take_while(|record| !record.entry.is_result());
    since.filter(|record| record.entry == Entry::Interrupted).count() as u32
}
