//! State that the writer, the readers and the callers of a store share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;

use super::after::{Returned, Started};
use super::agenda::{Agenda, turn_of};
use super::followers::Followers;
use super::leases::{Active, Leases};
use super::logs::LogBuffer;
use super::mail::Mailbox;
use super::names::Names;
use super::queue::Queue;
use super::readers::Readers;
use super::slots::Slots;
use crate::model::{Digest, Namespace, RunId};

#[derive(Debug)]
pub struct Shared {
    pub queue: Queue,
    agenda: Mutex<Agenda>,
    pub leases: Leases,
    pub slots: Slots,
    pub followers: Followers,
    pub logs: LogBuffer,
    pub mailbox: Mailbox,
    pub names: Names,
    pub readers: Arc<Readers>,
    pub generation: AtomicU64,
    /// Something is ready that was not, or the next turn is another.
    pub news: Notify,
    pub counters: Counters,
    /// Where the bytes of versions are.
    pub components: PathBuf,
    unended: Mutex<HashMap<Digest, u64>>,
}

/// Counts of the store's work since it was opened.
#[derive(Debug, Default)]
pub struct Counters {
    pub commits: AtomicU64,
    pub syncs: AtomicU64,
    pub checkpoints: AtomicU64,
    /// Where the system counts what the writer's thread writes.
    writer_io: OnceLock<PathBuf>,
}

impl Counters {
    /// To be called on the writer's thread.
    pub fn watch_this_thread(&self) {
        if let Ok(thread) = std::fs::read_link("/proc/thread-self") {
            // The flag is set once: there is one writer.
            let _ = self.writer_io.set(PathBuf::from("/proc").join(thread).join("io"));
        }
    }

    pub fn written_bytes(&self) -> u64 {
        let counts = self.writer_io.get().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        let written = counts.lines().find_map(|line| line.strip_prefix("wchar: "));
        written.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
    }
}

/// The state that a store finds on disk and begins with.
#[derive(Debug)]
pub struct Beginning {
    pub agenda: Agenda,
    pub names: Names,
    pub slots: Slots,
    pub readers: Arc<Readers>,
    pub components: PathBuf,
    pub incarnation: i64,
    pub generation: u64,
    pub unended: HashMap<Digest, u64>,
    pub mailbox: Mailbox,
}

impl Shared {
    pub fn new(beginning: Beginning) -> Self {
        Self {
            queue: Queue::new(),
            agenda: Mutex::new(beginning.agenda),
            leases: Leases::new(beginning.incarnation),
            slots: beginning.slots,
            followers: Followers::default(),
            logs: LogBuffer::default(),
            mailbox: beginning.mailbox,
            names: beginning.names,
            readers: beginning.readers,
            generation: AtomicU64::new(beginning.generation),
            news: Notify::new(),
            counters: Counters::default(),
            components: beginning.components,
            unended: Mutex::new(beginning.unended),
        }
    }

    /// A run never leaves it for [`Self::leases`], nor comes back, without this lock; its gates hold who waits for a place.
    pub fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn unended(&self) -> MutexGuard<'_, HashMap<Digest, u64>> {
        self.unended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count_unended(&self, started: &[Started], returned: &[(Arc<Active>, Returned)]) {
        let mut unended = self.unended();
        for started in started {
            *unended.entry(started.loaded.version).or_default() += 1;
        }
        for (active, returned) in returned {
            if matches!(returned, Returned::Ended(_))
                && let Some(count) = unended.get_mut(&active.version)
            {
                *count = count.saturating_sub(1);
            }
        }
        unended.retain(|_, count| *count > 0);
    }

    /// Whether memory knows that the run is of that namespace and has not ended, which spares a look at the disk.
    pub fn is_unended_here(&self, namespace: &Namespace, run: RunId) -> bool {
        let agenda = self.agenda();
        let waiting = agenda.young(turn_of(run)).map(|loaded| (loaded.run, &loaded.function));
        if let Some((id, function)) = waiting {
            return id == run && function.namespace == *namespace;
        }
        let active = self.leases.get(run.row());
        active.is_some_and(|active| active.run == run && active.function.namespace == *namespace)
    }

    pub fn count_executing(&self) {
        self.queue.executing.store(self.leases.count() as u64, Ordering::Relaxed);
    }

    /// Ends the store's work, and tells all that wait.
    pub fn dismiss(&self) {
        self.queue.shut();
        self.readers.close();
        self.followers.dismiss();
        self.news.notify_one();
    }
}
