//! The writer's queue: commands, records that are due, and when to look again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::leases::Active;
use crate::flow::Notes;
use crate::limits;
use crate::model::{BulkRetryId, CancellationId, Event, FunctionKey, Namespace, OpKey, Outcome, PluginName, RunId};
use crate::store::{
    BulkRetry, BulkRetryView, Cancellation, CancellationView, Cancelled, Done, Effect, Error, Pause, Publication,
    Published, Replay, Replayed, Signal, Urgency, Verdict, Version,
};

/// Where the answer to a command goes. Nobody may be there any more; the command stands all the same.
pub type Answer<T> = oneshot::Sender<Result<T, Error>>;

/// The commands to the writer.
#[derive(Debug)]
pub enum Command {
    Publish {
        generation: u64,
        events: Vec<Publication>,
        answer: Answer<Vec<Published>>,
    },
    Settle {
        active: Arc<Active>,
        verdict: Verdict,
        answer: Answer<()>,
    },
    Act {
        active: Arc<Active>,
        key: OpKey,
        /// The event that started the run, for the filter.
        context: Arc<Event>,
        generation: u64,
        effect: Effect,
        answer: Answer<Done>,
    },
    Signal {
        namespace: Namespace,
        signal: Signal,
        answer: Answer<Option<RunId>>,
    },
    Cancel {
        namespace: Namespace,
        run: RunId,
        reason: String,
        answer: Answer<Cancelled>,
    },
    CancelMany {
        cancellation: Cancellation,
        answer: Answer<CancellationView>,
    },
    ForgetCancellation {
        namespace: Namespace,
        id: CancellationId,
        answer: Answer<bool>,
    },
    BeginBulkRetry {
        retry: BulkRetry,
        answer: Answer<BulkRetryView>,
    },
    NoteBulkRetry {
        view: BulkRetryView,
        answer: Answer<bool>,
    },
    ForgetBulkRetry {
        namespace: Namespace,
        id: BulkRetryId,
        answer: Answer<bool>,
    },
    /// Goes on with what is to end many runs.
    CancelSome,
    Flush {
        active: Arc<Active>,
        answer: Answer<()>,
    },
    Activate {
        version: Version,
        answer: Answer<u64>,
    },
    Retire {
        namespace: Namespace,
        plugin: PluginName,
        answer: Answer<u64>,
    },
    /// The counts that a run that was let through its gates has after a restart.
    Remember {
        run: i64,
        notes: Notes,
    },
    Replay {
        generation: u64,
        replay: Box<Replay>,
        answer: Answer<Replayed>,
    },
    Pause {
        function: Arc<FunctionKey>,
        pause: Pause,
        answer: Answer<()>,
    },
    /// Writes the log lines that wait.
    WriteLogs {
        answer: Answer<()>,
    },
    /// Reads on in the table `open`.
    Refill,
    /// Writes what waits and ends.
    Close {
        answer: Answer<()>,
    },
}

impl Command {
    /// How much of a commit it takes.
    fn weight(&self) -> usize {
        match self {
            Self::Publish { events, .. } => events.iter().map(|publication| 1 + publication.runs.len()).sum(),
            _ => 1,
        }
    }

    /// Roughly what it holds in memory.
    fn bytes(&self) -> usize {
        let of_events = |events: &[Publication]| events.iter().map(|publication| publication.event.json.len()).sum();
        match self {
            Self::Publish { events, .. } => of_events(events),
            Self::Act { effect, .. } => of_events(&effect.publications),
            Self::Settle { verdict: Verdict::End { outcome, lifecycle, .. }, .. } => {
                let outcome = match outcome {
                    Outcome::Completed(value) => value.len(),
                    Outcome::Failed(failure) => failure.message.len(),
                    Outcome::Cancelled { .. } | Outcome::Skipped { .. } => 0,
                };
                outcome + of_events(lifecycle)
            }
            _ => 0,
        }
    }
}

/// A command that waits, and its place in the queue.
#[derive(Debug)]
pub struct Waiting {
    pub command: Command,
    _place: Option<OwnedSemaphorePermit>,
}

/// The contents of a commit.
#[derive(Debug, Default)]
pub struct Batch {
    pub commands: Vec<Waiting>,
    /// Leases whose records have waited long enough.
    pub due: Vec<Arc<Active>>,
    pub are_logs_due: bool,
}

/// The door to the writer.
#[derive(Debug)]
pub struct Queue {
    line: Mutex<Line>,
    bell: Condvar,
    /// Commands that may still wait here; others wait outside.
    room: Arc<Semaphore>,
    /// Leases at the moment: whether a commit may expect company.
    pub executing: AtomicU64,
}

#[derive(Debug, Default)]
struct Line {
    commands: VecDeque<Waiting>,
    eager: Vec<Arc<Active>>,
    /// By the time at which they are due.
    lazy: VecDeque<(Instant, Arc<Active>)>,
    logs_due: Option<Instant>,
    writer: Writer,
    company: Company,
    is_closed: bool,
    /// Set when the store is dropped without having been closed.
    is_abandoned: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Writer {
    #[default]
    Awake,
    /// The commit waits for company, until that time.
    Gathering,
    SleepsUntil(Instant),
    Sleeps,
}

/// Whether it is worth waiting for company. A step that takes long executes and sends nothing: a wait for it in vain
/// waits more and more seldom.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Company {
    /// Waits in a row that brought nobody.
    in_vain: u32,
    /// Commits that wait for nobody.
    skips: u32,
}

impl Company {
    fn is_expected(&mut self) -> bool {
        let is_expected = self.skips == 0;
        self.skips = self.skips.saturating_sub(1);
        is_expected
    }

    fn learn(&mut self, has_come: bool) {
        self.in_vain = if has_come { 0 } else { (self.in_vain + 1).min(limits::COMPANY_WAITS_IN_VAIN) };
        self.skips = (1 << self.in_vain) - 1;
    }
}

impl Queue {
    pub fn new() -> Self {
        Self {
            line: Mutex::default(),
            bell: Condvar::new(),
            room: Arc::new(Semaphore::new(limits::WRITER_QUEUE_MAX)),
            executing: AtomicU64::new(0),
        }
    }

    /// Hands a command to the writer and waits for its answer.
    pub async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let command = command(answer);
        let units = (command.bytes() / limits::WRITER_QUEUE_UNIT_BYTES).clamp(1, limits::WRITER_QUEUE_MAX) as u32;
        let place = self.room.clone().acquire_many_owned(units).await.map_err(|_| Error::Closing)?;
        self.push(command, Some(place))?;
        answered.await.map_err(|_| Error::Closing)?
    }

    /// Hands a command to the writer that nobody waits for.
    pub fn tell(&self, command: Command) {
        // A closed store has nothing left to do.
        let _ = self.push(command, None);
    }

    fn push(&self, command: Command, place: Option<OwnedSemaphorePermit>) -> Result<(), Error> {
        let mut line = self.line();
        if line.is_closed {
            return Err(Error::Closing);
        }
        line.is_closed = matches!(command, Command::Close { .. });
        line.commands.push_back(Waiting { command, _place: place });
        self.wake(line, Instant::now());
        Ok(())
    }

    /// Says that the lease has records, which it had not since the writer last drained it.
    pub fn announce(&self, active: Arc<Active>, urgency: Urgency) {
        let mut line = self.line();
        let now = Instant::now();
        match urgency {
            Urgency::Eager => {
                line.eager.push(active);
                self.wake(line, now);
            }
            Urgency::Lazy => {
                let due = now + Duration::from_millis(limits::RECORD_WAIT_MS);
                line.lazy.push_back((due, active));
                self.wake(line, due);
            }
        }
    }

    /// Says that there are log lines, which there were not since the writer last took them.
    pub fn announce_logs(&self) {
        let mut line = self.line();
        let due = Instant::now() + Duration::from_millis(limits::LOG_WAIT_MS);
        line.logs_due = Some(due);
        self.wake(line, due);
    }

    /// Wakes the writer if it would sleep past `due`.
    fn wake(&self, mut line: MutexGuard<'_, Line>, due: Instant) {
        let oversleeps = match line.writer {
            Writer::Awake => false,
            Writer::Gathering => self.is_gathered(&line),
            Writer::SleepsUntil(until) => until > due,
            Writer::Sleeps => true,
        };
        if oversleeps {
            line.writer = Writer::Awake;
            drop(line);
            self.bell.notify_one();
        }
    }

    /// As much company as there can be: every run that executes has sent something.
    fn is_gathered(&self, line: &Line) -> bool {
        line.commands.len() as u64 >= self.executing.load(Ordering::Relaxed).min(limits::COMMIT_MAX_COMMANDS as u64)
    }

    /// The next commit's work, as soon as there is some, or nothing at the time `also`; `None` once the store has been
    /// dropped.
    pub fn take(&self, also: Option<Instant>) -> Option<Batch> {
        let mut line = self.line();
        let mut is_fresh = true;
        while !line.is_abandoned {
            let now = Instant::now();
            let timers = [self.skip_drained(&mut line), line.logs_due, also];
            let is_due = timers.iter().flatten().any(|due| *due <= now);
            if is_due || !line.commands.is_empty() || !line.eager.is_empty() {
                line = self.gather(line);
                return Some(Self::batch(&mut line));
            }
            // Right after work it sleeps shortly at first, so that the records of a run that executes need not wake it
            // only to be told when they are due.
            let nap = is_fresh.then(|| now + Duration::from_millis(limits::RECORD_WAIT_MS));
            is_fresh = false;
            line = match timers.into_iter().flatten().chain(nap).min() {
                Some(until) => self.wait(line, Writer::SleepsUntil(until), Some(until.saturating_duration_since(now))),
                None => self.wait(line, Writer::Sleeps, None),
            };
        }
        None
    }

    /// Waits for company if there may be some.
    fn gather<'a>(&self, mut line: MutexGuard<'a, Line>) -> MutexGuard<'a, Line> {
        if self.executing.load(Ordering::Relaxed) <= 1 || self.is_gathered(&line) || !line.company.is_expected() {
            return line;
        }
        let alone = line.commands.len();
        let wait = Duration::from_micros(limits::COMPANY_WAIT_US);
        let mut line = self.wait(line, Writer::Gathering, Some(wait));
        let has_come = line.commands.len() > alone;
        line.company.learn(has_come);
        line
    }

    fn wait<'a>(&self, mut line: MutexGuard<'a, Line>, how: Writer, timeout: Option<Duration>) -> MutexGuard<'a, Line> {
        line.writer = how;
        let mut line = match timeout {
            Some(timeout) => self.bell.wait_timeout(line, timeout).unwrap_or_else(PoisonError::into_inner).0,
            None => self.bell.wait(line).unwrap_or_else(PoisonError::into_inner),
        };
        line.writer = Writer::Awake;
        line
    }

    /// When the first lazy records are due that have not been drained meanwhile.
    fn skip_drained(&self, line: &mut Line) -> Option<Instant> {
        while let Some((due, active)) = line.lazy.front() {
            if active.has_pending() {
                return Some(*due);
            }
            line.lazy.pop_front();
        }
        None
    }

    fn batch(line: &mut Line) -> Batch {
        let now = Instant::now();
        let mut batch = Batch { due: std::mem::take(&mut line.eager), ..Batch::default() };
        while line.lazy.front().is_some_and(|(due, _)| *due <= now) {
            batch.due.extend(line.lazy.pop_front().map(|(_, active)| active));
        }
        batch.are_logs_due = line.logs_due.is_some_and(|due| due <= now);
        if batch.are_logs_due {
            line.logs_due = None;
        }
        let mut weight = 0;
        while weight < limits::COMMIT_MAX_COMMANDS
            && let Some(waiting) = line.commands.pop_front()
        {
            weight += waiting.command.weight();
            batch.commands.push(waiting);
        }
        batch
    }

    /// Refuses what comes from now on.
    pub fn shut(&self) {
        self.line().is_closed = true;
        self.room.close();
    }

    pub fn is_closed(&self) -> bool {
        self.line().is_closed
    }

    /// Has the writer stop where it is, as a crash would.
    pub fn abandon(&self) {
        let mut line = self.line();
        line.is_abandoned = true;
        line.is_closed = true;
        line.commands.clear();
        drop(line);
        self.room.close();
        self.bell.notify_one();
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
