//! What an instance shares with its streams and requests: the host it talks to, its deadline, its end.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::output::{Output, Source};
use super::{Line, StepHost};
use crate::limits;
use crate::model::{Failure, OpKey};

/// The guest's connection to whoever entered it.
pub(super) struct Link {
    talk: Mutex<Talk>,
    born: Instant,
    /// Milliseconds after `born` at which this stretch began.
    stretch: AtomicU64,
    deadline: Duration,
    lost: AtomicBool,
    changed: Notify,
}

struct Talk {
    /// Away while an async call of it is under way.
    host: Option<Box<dyn StepHost>>,
    output: Output,
}

/// Why an instance was ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Overdue,
    /// The host has lost its right to the run.
    Lost,
}

impl Link {
    pub(super) fn new(host: Box<dyn StepHost>, deadline: Duration) -> Self {
        Self {
            talk: Mutex::new(Talk { host: Some(host), output: Output::default() }),
            born: Instant::now(),
            stretch: AtomicU64::new(0),
            deadline,
            lost: AtomicBool::new(false),
            changed: Notify::new(),
        }
    }

    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().expect("the host does not panic")
    }

    /// Asks the host. The guest waits meanwhile, so the host is never away.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&mut dyn StepHost) -> T) -> T {
        let mut talk = self.talk();
        question(talk.host.as_deref_mut().expect("the host is here while the guest runs"))
    }

    pub(super) fn log(&self, line: Line) {
        if let Some(host) = &mut self.talk().host {
            host.log(line);
        }
    }

    /// Takes what the guest wrote to stdout or stderr and logs its whole lines.
    pub(super) fn write(&self, source: Source, bytes: &[u8]) {
        let Talk { host, output } = &mut *self.talk();
        output.write(source, bytes, &mut |line| {
            if let Some(host) = host {
                host.log(line);
            }
        });
    }

    /// Logs what was written without an end of line. The last of stderr comes back.
    pub(super) fn close_output(&self) -> Option<String> {
        let Talk { host, output } = &mut *self.talk();
        output.close(&mut |line| {
            if let Some(host) = host {
                host.log(line);
            }
        })
    }

    pub(super) async fn failed_step(&self, key: OpKey) -> Option<Result<crate::model::Json, Failure>> {
        let mut away = Away { link: self, host: self.talk().host.take() };
        let host = away.host.as_deref_mut().expect("the host is here while the guest runs");
        host.failed_step(key).await
    }

    /// Ends the connection.
    pub(super) fn take_host(&self) -> Box<dyn StepHost> {
        self.talk().host.take().expect("the instance is gone, so the host is back")
    }

    /// A stretch of the body or an attempt of a step begins: the deadline counts from here.
    pub(super) fn restart_deadline(&self) {
        let passed = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.stretch.store(passed, Ordering::Relaxed);
    }

    fn ends_at(&self) -> Option<Instant> {
        let stretch = Duration::from_millis(self.stretch.load(Ordering::Relaxed));
        self.born.checked_add(stretch)?.checked_add(self.deadline)
    }

    pub(super) fn is_overdue(&self) -> bool {
        self.ends_at().is_some_and(|end| Instant::now() >= end)
    }

    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The host may no longer act for the run: nothing more goes out, the instance ends.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// Ends when the instance has to. Running code notices its deadline first, and knows where it was.
    pub(super) async fn cut(&self) -> Cut {
        loop {
            let changed = self.changed.notified();
            if self.lost.load(Ordering::SeqCst) {
                return Cut::Lost;
            }
            let Some(end) = self.ends_at() else {
                changed.await;
                continue;
            };
            let end = end + Duration::from_millis(3 * limits::EPOCH_TICK_MS);
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(end.into()) => {
                    if self.is_overdue() {
                        return Cut::Overdue;
                    }
                }
            }
        }
    }
}

/// Brings the host back, also when the call that needs it is dropped.
struct Away<'a> {
    link: &'a Link,
    host: Option<Box<dyn StepHost>>,
}

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.link.talk().host = self.host.take();
    }
}
