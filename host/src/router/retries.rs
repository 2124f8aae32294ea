//! Carries out bulk retries: some runs at a time, one wish after the other, by the next process too.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::Router;
use super::replay::{Error, FailureFilter, Start};
use crate::limits;
use crate::model::{Namespace, RunId, Status};
use crate::store::{self, BulkRetry, BulkRetryView, FailedRuns, Refusal, Repeat, Replayed, RunFilter, RunView};

/// Retries the runs that people want retried. Each failed run is retried once, even if the host is killed in between:
/// the store refuses a second replay, and a replay that is younger than the wish counts as the wish's own.
#[derive(Debug)]
pub struct Retries {
    router: Arc<Router>,
    wanted: Notify,
}

/// The effect that a bulk retry would have right now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// Failed runs that were not retried before.
    pub runs: u64,
    /// The newest of them, up to [`limits::BULK_RETRY_DRY_NAMES_MAX`].
    pub first: Vec<RunId>,
    /// Failed runs that had been retried before.
    pub already: u64,
    /// False: there may be more, since it looked no further.
    pub is_all: bool,
}

impl Retries {
    pub fn new(router: Arc<Router>) -> Arc<Self> {
        Arc::new(Self { router, wanted: Notify::new() })
    }

    /// Writes the wish down. Returns before its runs are retried.
    pub async fn begin(&self, retry: BulkRetry) -> Result<BulkRetryView, store::Error> {
        let view = self.router.store.begin_bulk_retry(retry).await?;
        self.wanted.notify_one();
        Ok(view)
    }

    /// Runs until told to stop.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.go_on().await {
                Ok(true) => (),
                Ok(false) => tokio::select! {
                    () = self.wanted.notified() => {}
                    _ = stop.changed() => {}
                },
                Err(store::Error::Closing) => return,
                Err(error) => {
                    tracing::error!(%error, "a bulk retry cannot go on; trying again");
                    tokio::time::sleep(Duration::from_millis(limits::LEASE_RETRY_MS)).await;
                }
            }
        }
    }

    /// Retries the next runs of the oldest wish. Returns false if no wish is left.
    async fn go_on(&self) -> Result<bool, store::Error> {
        let Some(mut view) = self.router.store.unfinished_bulk_retry().await? else { return Ok(false) };
        let filter = filter_of(&view.retry.which);
        let runs = self.page(&view.retry.namespace, &view.retry.which, Some(view.reached)).await?;
        for run in &runs {
            view.reached = run.id;
            if self.is_meant(&view.retry.which, filter.as_ref(), run).await? {
                self.retry(&mut view, run).await?;
            }
        }
        view.is_finished = is_last(&view.retry.which, &runs);
        self.router.store.note_bulk_retry(view).await?;
        Ok(true)
    }

    async fn retry(&self, view: &mut BulkRetryView, run: &RunView) -> Result<(), store::Error> {
        let Some(whole) = self.router.store.run(&view.retry.namespace, run.id).await? else { return Ok(()) };
        match self.router.replay(&whole, &Start::Unfinished, view.retry.code, Repeat::Once).await {
            Ok(Replayed::Started(_)) => view.retried += 1,
            // By this wish, before its host was killed.
            Ok(Replayed::Before(by)) if by.to_bytes() > view.retry.id.to_bytes() => view.retried += 1,
            Ok(_) => view.already += 1,
            Err(Error::Store(error)) => return Err(error),
            Err(error) => {
                view.refused += 1;
                if view.refusals.len() < limits::BULK_RETRY_REFUSALS_MAX {
                    view.refusals.push(Refusal { run_id: run.id.to_string(), reason: error.to_string() });
                }
            }
        }
        Ok(())
    }

    /// Says what the wish would do, and starts nothing.
    pub async fn dry_run(&self, namespace: &Namespace, which: &FailedRuns) -> Result<DryRun, store::Error> {
        let filter = filter_of(which);
        let (mut dry, mut reached) = (DryRun::default(), None);
        for _ in 0..limits::BULK_RETRY_DRY_LOOKS_MAX / limits::BULK_RETRY_LOOKS {
            let runs = self.page(namespace, which, reached).await?;
            for run in &runs {
                reached = Some(run.id);
                if !self.is_meant(which, filter.as_ref(), run).await? {
                    continue;
                }
                let whole = self.router.store.run(namespace, run.id).await?;
                if whole.is_some_and(|run| !run.replays.is_empty()) {
                    dry.already += 1;
                    continue;
                }
                dry.runs += 1;
                if dry.first.len() < limits::BULK_RETRY_DRY_NAMES_MAX {
                    dry.first.push(run.id);
                }
            }
            if is_last(which, &runs) {
                return Ok(DryRun { is_all: true, ..dry });
            }
        }
        Ok(dry)
    }

    /// The next failed runs, newest first.
    async fn page(
        &self,
        namespace: &Namespace,
        which: &FailedRuns,
        before: Option<RunId>,
    ) -> Result<Vec<RunView>, store::Error> {
        let filter = RunFilter {
            status: Some(Status::Failed),
            function: which.function.clone(),
            before,
            dead_letters: which.dead_letters,
            limit: limits::BULK_RETRY_LOOKS,
        };
        self.router.store.runs(namespace, filter).await
    }

    async fn is_meant(
        &self,
        which: &FailedRuns,
        filter: Option<&FailureFilter>,
        run: &RunView,
    ) -> Result<bool, store::Error> {
        let started = which.started_after.unwrap_or(0)..which.started_before.unwrap_or(u64::MAX);
        if !started.contains(&run.id.created()) {
            return Ok(false);
        }
        let filter = match (&which.filter, filter) {
            (None, _) => return Ok(true),
            (Some(_), Some(filter)) => filter,
            // A filter that this build cannot read means no run, rather than all.
            (Some(_), None) => return Ok(false),
        };
        let event = match run.events.first() {
            Some(event) => self.router.store.event(&run.function.namespace, *event).await?,
            None => None,
        };
        Ok(filter.fits(run, event.as_deref()))
    }
}

/// The filter, which compiled before it was written down.
fn filter_of(which: &FailedRuns) -> Option<FailureFilter> {
    let read =
        |filter| FailureFilter::read(filter).inspect_err(|error| tracing::error!(%error, "a bulk retry is void"));
    which.filter.as_deref().and_then(|filter| read(filter).ok())
}

/// Whether nothing older is meant.
fn is_last(which: &FailedRuns, runs: &[RunView]) -> bool {
    let is_too_old = |run: &RunView| which.started_after.is_some_and(|after| run.id.created() < after);
    runs.len() < limits::BULK_RETRY_LOOKS || runs.last().is_some_and(is_too_old)
}
