//! A store with everything around it that a scenario needs.

use std::sync::Arc;

use crate::model::{
    Digest, Entry, Event, Failure, FunctionKey, IdSource, Json, Kind, Millis, Namespace, NewRun, OpKey, Outcome,
    PluginName, Record, Role, RunId,
};
use crate::store::{Error, Lease, Publication, Published, Store, Urgency, Verdict};

/// When scenarios begin.
pub const START: Millis = 1_795_000_000_000;

pub struct World<'a, S, O> {
    name: &'a str,
    open: &'a O,
    store: Option<S>,
    pub ids: IdSource,
    pub now: Millis,
    pub namespace: Namespace,
}

impl<'a, S: Store, O: AsyncFn(&str) -> S> World<'a, S, O> {
    pub async fn new(name: &'a str, open: &'a O) -> Self {
        let ids = IdSource::new(0, [7; 32]);
        let store = Some(open(name).await);
        Self { name, open, store, ids, now: START, namespace: Namespace::default() }
    }

    pub fn store(&self) -> &S {
        self.store.as_ref().expect("it is gone only while it is opened again")
    }

    pub async fn close_and_open(&mut self) {
        self.store().close().await;
        self.crash_and_open().await;
    }

    pub async fn crash_and_open(&mut self) {
        self.store = None;
        self.store = Some((self.open)(self.name).await);
    }

    pub fn function(&self, name: &str) -> Arc<FunctionKey> {
        let plugin = PluginName::new("shop").expect("a name");
        Arc::new(FunctionKey { namespace: self.namespace.clone(), plugin, function: name.into(), role: Role::Main })
    }

    pub fn event(&self, json: &str) -> Arc<Event> {
        let id = self.ids.event(self.now);
        Arc::new(Event::receive(json, &self.namespace, id, self.now).expect("a valid event"))
    }

    pub fn new_run(&self, function: &str) -> NewRun {
        NewRun {
            id: self.ids.run(self.now),
            function: self.function(function),
            version: version(1),
            secret: self.ids.secret(),
            failed_run: None,
            invoker: None,
            cancel_on: Default::default(),
            replay_of: None,
            door: Default::default(),
            terms: None,
        }
    }

    /// An event that starts these functions.
    pub fn publication(&self, json: &str, functions: &[&str]) -> Publication {
        let event = self.event(json);
        Publication { event, runs: functions.iter().map(|function| self.new_run(function)).collect() }
    }

    pub async fn publish(&self, json: &str, functions: &[&str]) -> Published {
        let publication = self.publication(json, functions);
        let published = self.store().publish(self.store().generation(), vec![publication]).await;
        published.expect("published").remove(0)
    }

    /// A run of function `f`.
    pub async fn start(&self) -> RunId {
        self.publish(r#"{"name":"shop/start","data":{"a":1}}"#, &["f"]).await.started[0]
    }

    pub async fn lease(&self, max: usize) -> Vec<Lease> {
        self.store().lease(max, self.now).await.expect("leased")
    }

    /// The rows of all that is ready are taken as they come; each is leased and left so.
    pub async fn lease_all(&self) -> Vec<Lease> {
        let mut leases = Vec::new();
        loop {
            let more = self.lease(100).await;
            if !more.is_empty() {
                leases.extend(more);
            } else if self.store().next_due().is_none_or(|due| due > self.now) && !self.has_news().await {
                return leases;
            }
        }
    }

    /// Whether the store says so within a moment.
    pub async fn has_news(&self) -> bool {
        tokio::time::timeout(std::time::Duration::from_millis(50), self.store().ready()).await.is_ok()
    }

    /// Whether the store says so at last: a broken one does not hang the suite.
    pub async fn gets_news(&self) -> bool {
        tokio::time::timeout(std::time::Duration::from_secs(60), self.store().ready()).await.is_ok()
    }

    pub async fn lease_one(&self) -> Lease {
        let mut leases = self.lease(1).await;
        assert_eq!(leases.len(), 1, "one run was ready");
        leases.remove(0)
    }

    pub fn append(&self, lease: &Lease, orders: std::ops::Range<u32>) -> Result<(), Error> {
        let records = orders.map(|order| step(order, self.now)).collect();
        self.store().append(lease, records, Urgency::Lazy)
    }

    pub async fn settle(&self, lease: &Lease, verdict: Verdict) {
        self.store().settle(lease, verdict).await.expect("settled");
    }

    pub async fn park(&self, lease: &Lease, due: Millis) {
        self.settle(lease, Verdict::Park { due: Some(due) }).await;
    }

    pub async fn complete(&self, lease: &Lease) {
        self.settle(lease, self.end(completed(), Vec::new())).await;
    }

    pub fn end(&self, outcome: Outcome, lifecycle: Vec<Publication>) -> Verdict {
        Verdict::End { outcome, at: self.now, generation: self.store().generation(), lifecycle }
    }
}

pub fn version(number: u8) -> Digest {
    Digest([number; 32])
}

pub fn completed() -> Outcome {
    Outcome::Completed(Json::trusted(r#"{"done":true}"#))
}

pub fn failed() -> Outcome {
    Outcome::Failed(Failure::of_host(Kind::Application, "Error", "went wrong"))
}

/// The result of a step.
pub fn step(order: u32, at: Millis) -> Record {
    let key = OpKey::new("step", order);
    Record { order, at, entry: Entry::Step { key, attempt: 0, started: at, value: Ok(Json::of(&order)) } }
}

pub fn interruptions(lease: &Lease) -> usize {
    lease.journal.iter().filter(|record| record.entry == Entry::Interrupted).count()
}

pub fn orders(lease: &Lease) -> Vec<u32> {
    lease.journal.iter().map(|record| record.order).collect()
}

/// Awaits all of them at once.
pub async fn all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, answer) in waiting.iter_mut().filter(|(_, answer)| answer.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                *answer = Some(value);
            }
        }
        if waiting.iter().all(|(_, answer)| answer.is_some()) {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
    waiting.into_iter().filter_map(|(_, answer)| answer).collect()
}
