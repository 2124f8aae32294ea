//! The store's verbs, as SQLite carries them out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;

use super::queue::Command;
use super::{SqliteStore, components, doors, mail, plugins, rows, views};
use crate::model::{
    Digest, Ended, Event, EventId, FunctionKey, Mail, Millis, Namespace, OpKey, Outcome, PluginName, Record, RunId,
    Status,
};
use crate::store::{
    Cancelled, Done, Effect, Error, EventFilter, Lease, LogLine, Pause, Publication, Published, Replay, Replayed,
    RunFilter, RunView, Signal, Store, Urgency, Verdict, Version,
};

#[async_trait]
impl Store for SqliteStore {
    async fn activate(&self, version: Version, bytes: Arc<[u8]>) -> Result<u64, Error> {
        let folder = self.shared.components.clone();
        let digest = version.digest;
        blocking(move || components::keep(&folder, digest, &bytes)).await?;
        self.shared.queue.ask(|answer| Command::Activate { version, answer }).await
    }

    async fn retire(&self, namespace: &Namespace, plugin: &PluginName) -> Result<u64, Error> {
        let (namespace, plugin) = (namespace.clone(), plugin.clone());
        self.shared.queue.ask(|answer| Command::Retire { namespace, plugin, answer }).await
    }

    async fn versions(&self) -> Result<Vec<Version>, Error> {
        let shared = self.shared.clone();
        let mut versions = self.shared.readers.read(move |connection| plugins::read(connection, &shared.names)).await?;
        let unended = self.shared.unended();
        versions.retain(|version| version.is_live || unended.contains_key(&version.digest));
        Ok(versions)
    }

    async fn component(&self, digest: Digest) -> Result<Option<Arc<[u8]>>, Error> {
        let folder = self.shared.components.clone();
        let bytes = blocking(move || components::read(&folder, digest)).await?;
        Ok(bytes.map(Into::into))
    }

    async fn unended_by_version(&self) -> Result<Vec<(Digest, u64)>, Error> {
        Ok(self.shared.unended().iter().map(|(digest, count)| (*digest, *count)).collect())
    }

    fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }

    async fn publish(&self, generation: u64, events: Vec<Publication>) -> Result<Vec<Published>, Error> {
        self.shared.queue.ask(|answer| Command::Publish { generation, events, answer }).await
    }

    async fn lease(&self, max: usize, now: Millis) -> Result<Vec<Lease>, Error> {
        if self.shared.queue.is_closed() {
            return Err(Error::Closing);
        }
        self.shared.lease(max, now).await
    }

    fn next_due(&self) -> Option<Millis> {
        self.shared.agenda().next_due()
    }

    async fn ready(&self) {
        self.shared.news.notified().await;
    }

    fn is_idle(&self) -> bool {
        // Under the lock under which runs go from there to the leases and back.
        let agenda = self.shared.agenda();
        !agenda.has_ready() && self.shared.leases.is_empty()
    }

    fn append(&self, lease: &Lease, records: Vec<Record>, urgency: Urgency) -> Result<(), Error> {
        let active = self.shared.leases.held(lease)?;
        let is_new = active.append(&records)?;
        if is_new || urgency == Urgency::Eager {
            self.shared.queue.announce(active, urgency);
        }
        Ok(())
    }

    async fn flush(&self, lease: &Lease) -> Result<(), Error> {
        let active = self.shared.leases.held(lease)?;
        if active.is_durable() {
            return Ok(());
        }
        self.shared.queue.ask(|answer| Command::Flush { active, answer }).await
    }

    async fn act(&self, lease: &Lease, key: OpKey, generation: u64, effect: Effect) -> Result<Done, Error> {
        let active = self.shared.leases.held(lease)?;
        let context = lease.events[0].clone();
        self.shared.queue.ask(|answer| Command::Act { active, key, context, generation, effect, answer }).await
    }

    fn holds(&self, lease: &Lease) -> bool {
        self.shared.leases.held(lease).is_ok() && !self.shared.queue.is_closed()
    }

    fn log(&self, lease: &Lease, lines: Vec<LogLine>) {
        if self.shared.leases.held(lease).is_ok() && self.shared.logs.add(lease.run.row(), lines) {
            self.shared.queue.announce_logs();
        }
    }

    async fn settle(&self, lease: &Lease, verdict: Verdict) -> Result<(), Error> {
        let active = self.shared.leases.held(lease)?;
        self.shared.queue.ask(|answer| Command::Settle { active, verdict, answer }).await
    }

    async fn replay(&self, generation: u64, replay: Replay) -> Result<Replayed, Error> {
        let replay = Box::new(replay);
        self.shared.queue.ask(|answer| Command::Replay { generation, replay, answer }).await
    }

    fn widen(&self, lease: &Lease) -> bool {
        let mut agenda = self.shared.agenda();
        self.shared.leases.held(lease).is_ok_and(|active| agenda.gates.widen(active.row()))
    }

    fn narrow(&self, lease: &Lease) {
        let mut agenda = self.shared.agenda();
        if let Ok(active) = self.shared.leases.held(lease) {
            let served = agenda.gates.narrow(active.row());
            let is_news = !served.admitted.is_empty();
            let wider = agenda.serve(served);
            drop(agenda);
            self.shared.wake_all(&wider);
            if is_news {
                self.shared.news.notify_one();
            }
        }
    }

    async fn pause(&self, function: &Arc<FunctionKey>, pause: Pause) -> Result<(), Error> {
        let function = function.clone();
        self.shared.queue.ask(|answer| Command::Pause { function, pause, answer }).await
    }

    async fn paused(&self) -> Result<Vec<Arc<FunctionKey>>, Error> {
        let shared = self.shared.clone();
        self.shared.readers.read(move |connection| doors::paused(connection, &shared.names)).await
    }

    async fn signal(&self, namespace: &Namespace, signal: Signal) -> Result<Option<RunId>, Error> {
        let namespace = namespace.clone();
        self.shared.queue.ask(|answer| Command::Signal { namespace, signal, answer }).await
    }

    async fn cancel(&self, namespace: &Namespace, run: RunId, reason: &str) -> Result<Cancelled, Error> {
        let (namespace, reason) = (namespace.clone(), reason.to_owned());
        self.shared.queue.ask(|answer| Command::Cancel { namespace, run, reason, answer }).await
    }

    async fn mail(&self, lease: &Lease, after: i64) -> Result<Vec<(i64, Mail)>, Error> {
        let active = self.shared.leases.held(lease)?;
        if !active.ask_for_mail() {
            return Ok(Vec::new());
        }
        let row = active.row();
        self.shared.readers.read(move |connection| mail::read(connection, row, after)).await
    }

    async fn mail_came(&self, lease: &Lease) {
        match self.shared.leases.held(lease) {
            Ok(active) => active.wait_for_mail().await,
            Err(_) => std::future::pending().await,
        }
    }

    fn took_mail(&self, lease: &Lease, up_to: i64) {
        if let Ok(active) = self.shared.leases.held(lease) {
            active.take_mail(up_to);
        }
    }

    async fn failed_run(&self, run: RunId) -> Result<Option<(Vec<Record>, Outcome)>, Error> {
        let shared = self.shared.clone();
        self.shared.readers.read(move |connection| rows::failed(connection, &shared.names, run)).await
    }

    async fn run(&self, namespace: &Namespace, run: RunId) -> Result<Option<RunView>, Error> {
        if self.shared.logs.has_lines_of(run.row()) {
            self.shared.queue.ask(|answer| Command::WriteLogs { answer }).await?;
        }
        let (shared, namespace) = (self.shared.clone(), namespace.clone());
        let read = move |connection: &_| views::run(connection, &shared.names, &namespace, run);
        Ok(self.shared.readers.read(read).await?.map(|view| self.with_status(view)))
    }

    async fn runs(&self, namespace: &Namespace, filter: RunFilter) -> Result<Vec<RunView>, Error> {
        let (shared, namespace) = (self.shared.clone(), namespace.clone());
        let executing: Vec<i64> = self.shared.leases.all().iter().map(|active| active.row()).collect();
        let read = move |connection: &_| views::runs(connection, &shared.names, &namespace, &filter, &executing);
        let views = self.shared.readers.read(read).await?;
        Ok(views.into_iter().map(|view| self.with_status(view)).collect())
    }

    async fn event(&self, namespace: &Namespace, event: EventId) -> Result<Option<Arc<Event>>, Error> {
        let (shared, namespace) = (self.shared.clone(), namespace.clone());
        let read = move |connection: &_| views::event(connection, &shared.names, &namespace, event);
        self.shared.readers.read(read).await
    }

    async fn events(&self, namespace: &Namespace, filter: EventFilter) -> Result<Vec<Arc<Event>>, Error> {
        let (shared, namespace) = (self.shared.clone(), namespace.clone());
        let read = move |connection: &_| views::events(connection, &shared.names, &namespace, &filter);
        self.shared.readers.read(read).await
    }

    async fn runs_of_event(&self, namespace: &Namespace, event: EventId) -> Result<Option<Vec<RunView>>, Error> {
        let (shared, namespace) = (self.shared.clone(), namespace.clone());
        let read = move |connection: &_| views::runs_of_event(connection, &shared.names, &namespace, event);
        let views = self.shared.readers.read(read).await?;
        Ok(views.map(|views| views.into_iter().map(|view| self.with_status(view)).collect()))
    }

    async fn ended(&self, namespace: &Namespace, run: RunId) -> Result<Option<Ended>, Error> {
        // First a follower, then a look: an end in between reaches the one or the other.
        let follower = self.shared.followers.follow(run.row());
        if !self.shared.is_unended_here(namespace, run) {
            if let Some(ended) = self.shared.followers.recent(namespace, run) {
                return Ok(Some(ended));
            }
            let (shared, namespace) = (self.shared.clone(), namespace.clone());
            let read = move |connection: &_| match views::find(connection, &shared.names, &namespace, run)? {
                Some(_) => Ok(Some(rows::end(connection, run)?)),
                None => Ok(None),
            };
            match self.shared.readers.read(read).await? {
                None => return Ok(None),
                Some(Some(ended)) => return Ok(Some(ended)),
                Some(None) => {}
            }
        }
        follower.end().await.map(Some).ok_or(Error::Closing)
    }

    async fn close(&self) {
        // An error says that it is closed already.
        let _ = self.shared.queue.ask(|answer| Command::Close { answer }).await;
        if let Some(writer) = self.take_writer() {
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
        self.unlock();
    }
}

impl SqliteStore {
    /// Only the leases know what executes.
    fn with_status(&self, mut view: RunView) -> RunView {
        if view.ended.is_none() && self.shared.leases.get(view.id.row()).is_some() {
            view.status = Status::Running;
        }
        if view.ended.is_none() {
            view.held_by = self.shared.agenda().gates.held_by(view.id.row());
        }
        view
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Engine(format!("a thread died: {error}")))?
}
