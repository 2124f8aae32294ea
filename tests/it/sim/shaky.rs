//! A store that fails when it is told to: the real one, each verb carried out at once, until the host dies.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use async_trait::async_trait;
use stepwell::model::{
    BulkRetryId, CancellationId, Digest, Ended, Event, EventId, FunctionKey, Mail, Millis, Namespace, OpKey, Outcome,
    PluginName, Record, RunId,
};
use stepwell::store::{
    BulkRetries, BulkRetry, BulkRetryView, Cancellation, CancellationView, Cancellations, Cancelled, Done, Effect,
    Error, Estimate, EventFilter, Lease, LogLine, Pause, Publication, Published, Replay, Replayed, RunFilter, RunView,
    Signal, SqliteStore, Store, Urgency, Verdict, Version,
};

use super::ledger::Ledger;

/// Where the host dies.
#[derive(Debug, Clone, Copy)]
pub struct Fuse {
    /// Verbs from now.
    pub verbs: u64,
    /// Whether the last one is, with nobody left to hear of it.
    pub is_carried_out: bool,
}

#[derive(Debug)]
pub struct Shaky {
    inner: SqliteStore,
    ledger: Arc<Ledger>,
    verbs: AtomicU64,
    fuse: Mutex<Option<Fuse>>,
    is_dead: AtomicBool,
    /// Records that are not on their way to disk yet: they die with the host.
    pending: Mutex<HashMap<RunId, Vec<Record>>>,
}

impl Shaky {
    pub fn new(inner: SqliteStore, ledger: Arc<Ledger>) -> Self {
        Self {
            inner,
            ledger,
            verbs: AtomicU64::new(0),
            fuse: Mutex::default(),
            is_dead: AtomicBool::new(false),
            pending: Mutex::default(),
        }
    }

    pub fn light(&self, fuse: Fuse) {
        let verbs = self.verbs.load(Ordering::Relaxed) + fuse.verbs;
        *self.fuse.lock().expect("no panic while held") = Some(Fuse { verbs, ..fuse });
    }

    pub fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Relaxed)
    }

    /// Carries out a verb at once, or not at all.
    fn verb<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        if self.is_dead() {
            return Err(Error::Closing);
        }
        let number = self.verbs.fetch_add(1, Ordering::Relaxed) + 1;
        let burnt = self.fuse.lock().expect("no panic while held").filter(|fuse| number >= fuse.verbs);
        match burnt {
            None => finish(work),
            Some(fuse) => {
                if fuse.is_carried_out {
                    drop(finish(work));
                }
                self.is_dead.store(true, Ordering::Relaxed);
                Err(Error::Closing)
            }
        }
    }

    fn alive<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        if self.is_dead() { Err(Error::Closing) } else { finish(work) }
    }

    /// Hands on what waits.
    fn hand_on(&self, lease: &Lease, urgency: Urgency) -> Result<(), Error> {
        let records = self.pending.lock().expect("no panic while held").remove(&lease.run).unwrap_or_default();
        self.inner.append(lease, records, urgency)
    }
}

/// Waits on this thread: nothing else goes on meanwhile.
fn finish<T>(work: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    // Without the runtime's budget: it would be used up, with nobody to give another.
    let mut work = pin!(tokio::task::unconstrained(work));
    loop {
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[async_trait]
impl Cancellations for Shaky {
    async fn cancel_many(&self, cancellation: Cancellation) -> Result<CancellationView, Error> {
        self.verb(self.inner.cancel_many(cancellation))
    }

    async fn estimate(&self, cancellation: Cancellation) -> Result<Estimate, Error> {
        self.alive(self.inner.estimate(cancellation))
    }

    async fn cancellations(&self, namespace: &Namespace) -> Result<Vec<CancellationView>, Error> {
        self.alive(self.inner.cancellations(namespace))
    }

    async fn forget_cancellation(&self, namespace: &Namespace, id: CancellationId) -> Result<bool, Error> {
        self.verb(self.inner.forget_cancellation(namespace, id))
    }
}

#[async_trait]
impl BulkRetries for Shaky {
    async fn begin_bulk_retry(&self, retry: BulkRetry) -> Result<BulkRetryView, Error> {
        self.verb(self.inner.begin_bulk_retry(retry))
    }

    async fn note_bulk_retry(&self, view: BulkRetryView) -> Result<bool, Error> {
        self.verb(self.inner.note_bulk_retry(view))
    }

    async fn bulk_retries(&self, namespace: &Namespace) -> Result<Vec<BulkRetryView>, Error> {
        self.alive(self.inner.bulk_retries(namespace))
    }

    async fn unfinished_bulk_retry(&self) -> Result<Option<BulkRetryView>, Error> {
        self.alive(self.inner.unfinished_bulk_retry())
    }

    async fn forget_bulk_retry(&self, namespace: &Namespace, id: BulkRetryId) -> Result<bool, Error> {
        self.verb(self.inner.forget_bulk_retry(namespace, id))
    }
}

#[async_trait]
impl Store for Shaky {
    async fn activate(&self, version: Version, bytes: Arc<[u8]>) -> Result<u64, Error> {
        self.verb(self.inner.activate(version, bytes))
    }

    async fn retire(&self, namespace: &Namespace, plugin: &PluginName) -> Result<u64, Error> {
        self.verb(self.inner.retire(namespace, plugin))
    }

    async fn versions(&self) -> Result<Vec<Version>, Error> {
        self.alive(self.inner.versions())
    }

    async fn component(&self, digest: Digest) -> Result<Option<Arc<[u8]>>, Error> {
        self.alive(self.inner.component(digest))
    }

    async fn unended_by_version(&self) -> Result<Vec<(Digest, u64)>, Error> {
        self.alive(self.inner.unended_by_version())
    }

    fn generation(&self) -> u64 {
        self.inner.generation()
    }

    async fn publish(&self, generation: u64, events: Vec<Publication>) -> Result<Vec<Published>, Error> {
        self.verb(self.inner.publish(generation, events))
    }

    async fn lease(&self, max: usize, now: Millis) -> Result<Vec<Lease>, Error> {
        let leases = self.verb(self.inner.lease(max, now))?;
        for lease in &leases {
            self.ledger.leased(lease);
            // What its gates have to remember is on its way: a verb behind it waits until it is there.
            let _ = finish(self.inner.cancel(&lease.function.namespace, RunId::from_bytes([0; 16]), ""));
        }
        Ok(leases)
    }

    fn next_due(&self) -> Option<Millis> {
        self.inner.next_due()
    }

    async fn ready(&self) {
        self.inner.ready().await;
    }

    fn is_idle(&self) -> bool {
        self.inner.is_idle()
    }

    fn append(&self, lease: &Lease, records: Vec<Record>, urgency: Urgency) -> Result<(), Error> {
        if self.is_dead() || !self.inner.holds(lease) {
            return Err(Error::LeaseLost(lease.run));
        }
        self.ledger.recorded(lease, &records);
        self.pending.lock().expect("no panic while held").entry(lease.run).or_default().extend(records);
        match urgency {
            Urgency::Lazy => Ok(()),
            Urgency::Eager => self.hand_on(lease, urgency),
        }
    }

    async fn flush(&self, lease: &Lease) -> Result<(), Error> {
        self.verb(async {
            self.hand_on(lease, Urgency::Lazy)?;
            self.inner.flush(lease).await
        })
    }

    async fn act(&self, lease: &Lease, key: OpKey, generation: u64, effect: Effect) -> Result<Done, Error> {
        self.verb(self.inner.act(lease, key, generation, effect))
    }

    fn holds(&self, lease: &Lease) -> bool {
        !self.is_dead() && self.inner.holds(lease)
    }

    fn log(&self, lease: &Lease, lines: Vec<LogLine>) {
        self.inner.log(lease, lines);
    }

    async fn settle(&self, lease: &Lease, verdict: Verdict) -> Result<(), Error> {
        let has_ended = matches!(verdict, Verdict::End { .. });
        self.verb(async {
            // What is refused keeps its lease.
            self.hand_on(lease, Urgency::Lazy)?;
            self.inner.settle(lease, verdict).await
        })?;
        self.ledger.gave_back(lease, has_ended);
        Ok(())
    }

    async fn replay(&self, generation: u64, replay: Replay) -> Result<Replayed, Error> {
        self.verb(self.inner.replay(generation, replay))
    }

    fn widen(&self, lease: &Lease) -> bool {
        let widens = !self.is_dead() && self.inner.widen(lease);
        if widens {
            self.ledger.widened(lease);
        }
        widens
    }

    fn narrow(&self, lease: &Lease) {
        self.ledger.narrowed(lease);
        self.inner.narrow(lease);
    }

    async fn pause(&self, function: &Arc<FunctionKey>, pause: Pause) -> Result<(), Error> {
        self.verb(self.inner.pause(function, pause))
    }

    async fn paused(&self) -> Result<Vec<Arc<FunctionKey>>, Error> {
        self.alive(self.inner.paused())
    }

    async fn signal(&self, namespace: &Namespace, signal: Signal) -> Result<Option<RunId>, Error> {
        self.verb(self.inner.signal(namespace, signal))
    }

    async fn cancel(&self, namespace: &Namespace, run: RunId, reason: &str) -> Result<Cancelled, Error> {
        self.verb(self.inner.cancel(namespace, run, reason))
    }

    async fn mail(&self, lease: &Lease, after: i64) -> Result<Vec<(i64, Mail)>, Error> {
        self.alive(self.inner.mail(lease, after))
    }

    async fn mail_came(&self, lease: &Lease) {
        self.inner.mail_came(lease).await;
    }

    fn took_mail(&self, lease: &Lease, up_to: i64) {
        self.inner.took_mail(lease, up_to);
    }

    async fn failed_run(&self, run: RunId) -> Result<Option<(Vec<Record>, Outcome)>, Error> {
        self.alive(self.inner.failed_run(run))
    }

    async fn run(&self, namespace: &Namespace, run: RunId) -> Result<Option<RunView>, Error> {
        self.alive(self.inner.run(namespace, run))
    }

    async fn runs(&self, namespace: &Namespace, filter: RunFilter) -> Result<Vec<RunView>, Error> {
        self.alive(self.inner.runs(namespace, filter))
    }

    async fn event(&self, namespace: &Namespace, event: EventId) -> Result<Option<Arc<Event>>, Error> {
        self.alive(self.inner.event(namespace, event))
    }

    async fn events(&self, namespace: &Namespace, filter: EventFilter) -> Result<Vec<Arc<Event>>, Error> {
        self.alive(self.inner.events(namespace, filter))
    }

    async fn runs_of_event(&self, namespace: &Namespace, event: EventId) -> Result<Option<Vec<RunView>>, Error> {
        self.alive(self.inner.runs_of_event(namespace, event))
    }

    async fn ended(&self, namespace: &Namespace, run: RunId) -> Result<Option<Ended>, Error> {
        self.inner.ended(namespace, run).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
