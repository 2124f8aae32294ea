//! Cron: starts the live functions that have a schedule, each occurrence once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::Router;
use crate::limits;
use crate::model::{Event, FunctionKey, Millis, Occurrence, RunId, Schedule};
use crate::registry::{Cause, Snapshot};
use crate::store::{self, Publication};

/// A schedule of a function.
type Line = (Arc<FunctionKey>, Arc<str>);

/// When which function starts by itself.
///
/// Occurrences that were missed while the host was down are not made up for; after a pause of the machine one of those
/// runs, late. An occurrence that is fired twice starts one run: its event's id says which it is.
#[derive(Debug)]
pub struct Timetable {
    router: Arc<Router>,
    opened: Millis,
    /// The time up to which the occurrences of each live schedule are handled.
    passed: Mutex<HashMap<Line, Millis>>,
}

impl Timetable {
    pub fn new(router: Arc<Router>) -> Arc<Self> {
        let opened = router.clock.now();
        Arc::new(Self { router, opened, passed: Mutex::default() })
    }

    /// Runs until told to stop.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut changes = self.router.registry.changes();
        while !*stop.borrow() {
            if let Err(error) = self.fire_due().await {
                if matches!(error, store::Error::Closing) {
                    return;
                }
                tracing::error!(%error, "a scheduled function could not be started; trying again");
                tokio::time::sleep(Duration::from_millis(limits::LEASE_RETRY_MS)).await;
                continue;
            }
            let due = async {
                match self.next_due() {
                    Some(at) => self.router.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                _ = changes.changed() => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// When the next occurrence comes; not before now while some are being handled.
    pub fn next_due(&self) -> Option<Millis> {
        self.coming(&self.router.registry.snapshot()).into_iter().map(|(_, occurrence)| occurrence.at).min()
    }

    async fn fire_due(&self) -> Result<(), store::Error> {
        loop {
            let now = self.router.clock.now();
            let coming = self.coming(&self.router.registry.snapshot());
            let due: Vec<_> = coming.into_iter().filter(|(_, occurrence)| occurrence.at <= now).collect();
            if due.is_empty() {
                return Ok(());
            }
            for (line, occurrence) in due {
                self.fire(&line.0, &line.1, occurrence).await?;
                let is_late = now - occurrence.at > limits::CRON_LATE_MS;
                self.pass(line, if is_late { now } else { occurrence.at });
            }
        }
    }

    /// The next occurrence of each live schedule. From the moment at which a schedule is live no longer it is
    /// forgotten.
    fn coming(&self, snapshot: &Snapshot) -> Vec<(Line, Occurrence)> {
        let mut passed = self.passed();
        let mut live = HashMap::with_capacity(passed.len());
        let mut coming = Vec::new();
        for (function, schedule) in snapshot.schedules() {
            let line = (function.key.clone(), schedule.source().clone());
            let from = passed.get(&line).copied().unwrap_or_else(|| self.opened.max(function.activated));
            live.insert(line.clone(), from);
            coming.extend(schedule.next(&function.key.composite(), from).map(|occurrence| (line, occurrence)));
        }
        *passed = live;
        coming
    }

    fn pass(&self, line: Line, until: Millis) {
        // A schedule that is gone meanwhile begins anew if it comes back.
        if let Entry::Occupied(mut passed) = self.passed().entry(line) {
            passed.insert(until);
        }
    }

    fn passed(&self) -> MutexGuard<'_, HashMap<Line, Millis>> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the function for one occurrence of its schedule, if it is live and still has that.
    pub async fn fire(
        &self,
        function: &Arc<FunctionKey>,
        cron: &str,
        occurrence: Occurrence,
    ) -> Result<Option<RunId>, store::Error> {
        let router = &self.router;
        let id = router.ids.event(router.clock.now());
        let event = Arc::new(Event::scheduled(id, function, cron, occurrence));
        let event = &event;
        let attempt = || async move {
            let snapshot = router.registry.snapshot();
            let has_it = |schedule: &Schedule| **schedule.source() == *cron;
            let live = snapshot.find(function).filter(|live| live.definition.schedules.iter().any(has_it));
            let Some(live) = live else { return Ok(None) };
            let run = router.run_of(live, event, Cause::Schedule);
            let publication = Publication { event: event.clone(), runs: vec![run] };
            let published = router.store.publish(snapshot.generation, vec![publication]).await?;
            Ok(published.into_iter().flat_map(|published| published.started).next())
        };
        router.planned(attempt).await
    }
}
