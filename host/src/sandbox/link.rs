//! State that an instance shares with its streams and requests: the host it talks to, its deadline, its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::output::{Output, Source};
use super::{Line, StepHost};
use crate::limits;
use crate::model::{Failure, OpKey};

/// The guest's connection to its caller.
pub(super) struct Link {
    talk: Mutex<Talk>,
    stretch: Mutex<Stretch>,
    deadline: Duration,
    /// The guest has computed for a slice: its call is pending for that reason.
    has_yielded: AtomicBool,
    lost: AtomicBool,
    changed: Notify,
}

struct Talk {
    /// Away while an async call of it is under way.
    host: Option<Box<dyn StepHost>>,
    output: Output,
}

/// A stretch of the body or an attempt of a step, whose time counts towards the deadline.
struct Stretch {
    /// Moved on by what the guest spends in the host's queues.
    began: Instant,
    /// The guest stands in this many queues.
    queues: u32,
    queued: Instant,
}

impl Stretch {
    fn new() -> Self {
        let now = Instant::now();
        Self { began: now, queues: 0, queued: now }
    }

    fn in_queue(&self) -> Duration {
        if self.queues > 0 { self.queued.elapsed() } else { Duration::ZERO }
    }
}

/// The guest stands in a queue of the host's until this is dropped; its deadline does not count that time.
pub(super) struct Queued<'a>(&'a Link);

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let mut stretch = self.0.stretch();
        stretch.queues -= 1;
        if stretch.queues == 0 {
            let waited = stretch.queued.elapsed();
            stretch.began += waited;
        }
    }
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
            stretch: Mutex::new(Stretch::new()),
            deadline,
            has_yielded: AtomicBool::new(false),
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

    fn stretch(&self) -> MutexGuard<'_, Stretch> {
        self.stretch.lock().expect("no panic while held")
    }

    /// A stretch of the body or an attempt of a step begins: the deadline counts from here.
    pub(super) fn restart_deadline(&self) {
        self.stretch().began = Instant::now();
    }

    /// Stops the deadline's clock while the guest waits for its turn, or for memory.
    pub(super) fn queued(&self) -> Queued<'_> {
        let mut stretch = self.stretch();
        if stretch.queues == 0 {
            stretch.queued = Instant::now();
        }
        stretch.queues += 1;
        Queued(self)
    }

    fn ends_at(&self) -> Option<Instant> {
        let stretch = self.stretch();
        (stretch.began + stretch.in_queue()).checked_add(self.deadline)
    }

    pub(super) fn is_overdue(&self) -> bool {
        self.ends_at().is_some_and(|end| Instant::now() >= end)
    }

    /// Notes that the guest has computed for a slice.
    pub(super) fn note_yield(&self) {
        self.has_yielded.store(true, Ordering::Relaxed);
    }

    /// Takes the note.
    pub(super) fn take_yield(&self) -> bool {
        self.has_yielded.swap(false, Ordering::Relaxed)
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
