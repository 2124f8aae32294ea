//! The state that a run's journal amounts to: known operations, their results, what is owed. Pure.

use std::collections::HashMap;

use crate::model::{Awaited, Entry, Failure, Json, Millis, OpKey, Record};

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpKind {
    Step,
    Sleep,
    WaitForEvent,
    Invoke,
    SendEvents,
    WaitForSignal,
    SendSignal,
    Fetch,
}

impl OpKind {
    /// The contract's word for it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "run" => Some(Self::Step),
            "sleep" => Some(Self::Sleep),
            "wait-for-event" => Some(Self::WaitForEvent),
            "invoke" => Some(Self::Invoke),
            "send-events" => Some(Self::SendEvents),
            "wait-for-signal" => Some(Self::WaitForSignal),
            "send-signal" => Some(Self::SendSignal),
            "fetch" => Some(Self::Fetch),
            _ => None,
        }
    }

    pub fn noun(self) -> &'static str {
        match self {
            Self::Step => "a step",
            Self::Sleep => "a sleep",
            Self::WaitForEvent => "a wait for an event",
            Self::Invoke => "an invocation",
            Self::SendEvents => "events sent",
            Self::WaitForSignal => "a wait for a signal",
            Self::SendSignal => "a signal sent",
            Self::Fetch => "a fetch",
        }
    }
}

/// How far a known operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Resolved,
    /// A sleep that ends at this time.
    SleepsUntil(Millis),
    /// Something outside is waited for, no longer than until then.
    Waits {
        until: Option<Millis>,
    },
    /// A step or fetch that failed this many times and is due again at this time.
    BacksOff {
        failures: u32,
        until: Millis,
    },
}

fn kind_of(what: &Awaited) -> OpKind {
    match what {
        Awaited::Event { .. } => OpKind::WaitForEvent,
        Awaited::Invocation { .. } => OpKind::Invoke,
        Awaited::Sending { .. } => OpKind::SendEvents,
        Awaited::Signal { .. } => OpKind::WaitForSignal,
        Awaited::Signalling { .. } => OpKind::SendSignal,
        Awaited::Response { .. } => OpKind::Fetch,
    }
}

/// A recorded result.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub key: OpKey,
    pub value: Result<Json, Failure>,
    pub at: Millis,
    pub order: u32,
}

/// A run's journal, replayed.
#[derive(Debug, Default)]
pub struct History {
    next_order: u32,
    operations: HashMap<OpKey, (OpKind, Progress)>,
    unresolved: usize,
    results: Vec<Delivery>,
    body_failures: u32,
    body_retry_at: Option<Millis>,
    interruptions: u32,
    state_bytes: usize,
    began: Option<Millis>,
    /// The step that is replayed with an input of its own.
    input: Option<(OpKey, Json)>,
}

impl History {
    pub fn replay(journal: Vec<Record>) -> Self {
        let mut history = Self::default();
        for record in journal {
            history.apply(&record);
        }
        history
    }

    /// Adds what just happened and returns the record of it.
    pub fn push(&mut self, entry: Entry, at: Millis) -> Record {
        let record = Record { order: self.next_order, at, entry };
        self.apply(&record);
        record
    }

    fn apply(&mut self, record: &Record) {
        self.next_order = record.order + 1;
        if let Some((key, value)) = record.entry.result() {
            self.state_bytes += value.as_ref().map_or(0, Json::len);
            self.results.push(Delivery { key: key.clone(), value, at: record.at, order: record.order });
            self.body_failures = 0;
            self.body_retry_at = None;
            self.interruptions = 0;
        }
        match &record.entry {
            Entry::Step { key, .. } => self.set(key, self.kind_or(key, OpKind::Step), Progress::Resolved),
            Entry::Woke { key } => self.set(key, OpKind::Sleep, Progress::Resolved),
            Entry::Sleep { key, until } => self.set(key, OpKind::Sleep, Progress::SleepsUntil(*until)),
            Entry::StepRetry { key, retry_at, error, .. } => {
                let progress = Progress::BacksOff { failures: error.attempt + 1, until: *retry_at };
                self.set(key, self.kind_or(key, OpKind::Step), progress);
            }
            Entry::BodyRetry { retry_at, .. } => {
                self.body_failures += 1;
                self.body_retry_at = Some(*retry_at);
            }
            Entry::Interrupted => self.interruptions += 1,
            Entry::Began => self.began = Some(record.at),
            Entry::Replays { from: Some(from), input: Some(input), .. } => {
                self.input = Some((from.clone(), input.clone()));
            }
            Entry::Replays { .. } => {}
            Entry::Waits { key, what, until } => self.set(key, kind_of(what), Progress::Waits { until: *until }),
            Entry::Answered { key, .. } => {
                self.set(key, self.kind_or(key, OpKind::WaitForEvent), Progress::Resolved);
            }
        }
    }

    /// The kind that an operation was noted as, if it was.
    fn kind_or(&self, key: &OpKey, kind: OpKind) -> OpKind {
        self.operations.get(key).map_or(kind, |(known, _)| *known)
    }

    fn set(&mut self, key: &OpKey, kind: OpKind, progress: Progress) {
        let before = self.operations.insert(key.clone(), (kind, progress));
        let was_open = before.is_some_and(|(_, progress)| progress != Progress::Resolved);
        let is_open = progress != Progress::Resolved;
        self.unresolved = self.unresolved + usize::from(is_open) - usize::from(was_open);
    }

    pub fn operation(&self, key: &OpKey) -> Option<(OpKind, Progress)> {
        self.operations.get(key).copied()
    }

    pub fn operations(&self) -> usize {
        self.operations.len()
    }

    /// Operations that wait for something: sleeps, and steps that back off.
    pub fn unresolved(&self) -> usize {
        self.unresolved
    }

    /// In the order in which they were recorded.
    pub fn results(&self) -> &[Delivery] {
        &self.results
    }

    /// The final error of that step, if it has one.
    pub fn step_error(&self, key: Option<&OpKey>) -> Option<&Failure> {
        let key = key?;
        self.results.iter().find(|delivery| delivery.key == *key)?.value.as_ref().err()
    }

    /// Failures of the body since the last recorded result: its 0-based attempt.
    pub fn body_attempt(&self) -> u32 {
        self.body_failures
    }

    /// Failures of that step: its 0-based attempt.
    pub fn step_attempt(&self, key: &OpKey) -> u32 {
        match self.operations.get(key) {
            Some((_, Progress::BacksOff { failures, .. })) => *failures,
            _ => 0,
        }
    }

    /// The attempt of the step whose retry is due, if that is all that the run waits for: it runs in the body's
    /// instance.
    pub fn sole_retry(&self, now: Millis) -> Option<u32> {
        if self.unresolved != 1 {
            return None;
        }
        self.operations.values().find_map(|(kind, progress)| match progress {
            Progress::BacksOff { failures, until } if *kind == OpKind::Step && *until <= now => Some(*failures),
            _ => None,
        })
    }

    /// When the body may be entered again after it failed.
    pub fn body_retry_at(&self) -> Option<Millis> {
        self.body_retry_at
    }

    /// Since the last recorded result.
    pub fn interruptions(&self) -> u32 {
        self.interruptions
    }

    /// When the run was first executed, where that was recorded.
    pub fn began(&self) -> Option<Millis> {
        self.began
    }

    /// The step's input, if it is not the code's own.
    pub fn input(&self, key: &OpKey) -> Option<&Json> {
        self.input.as_ref().filter(|(of, _)| of == key).map(|(_, input)| input)
    }

    /// All results' bytes.
    pub fn state_bytes(&self) -> usize {
        self.state_bytes
    }

    /// Sleeps that are over, the earliest first.
    pub fn sleeps_over(&self, now: Millis) -> Vec<(Millis, OpKey)> {
        let mut over: Vec<_> = self
            .operations
            .iter()
            .filter_map(|(key, (_, progress))| match progress {
                Progress::SleepsUntil(until) if *until <= now => Some((*until, key.clone())),
                _ => None,
            })
            .collect();
        over.sort();
        over
    }

    /// Operations that have waited long enough, with what they are, the earliest first.
    pub fn waits_over(&self, now: Millis) -> Vec<(Millis, OpKey, OpKind)> {
        let mut over: Vec<_> = self
            .operations
            .iter()
            .filter_map(|(key, (kind, progress))| match progress {
                Progress::Waits { until: Some(until) } if *until <= now => Some((*until, key.clone(), *kind)),
                _ => None,
            })
            .collect();
        over.sort();
        over
    }

    /// Steps whose next attempt is due.
    pub fn steps_due(&self, now: Millis) -> Vec<OpKey> {
        self.attempts_due(OpKind::Step, now)
    }

    /// Fetches that have no response and whose first or next attempt is due.
    pub fn fetches_due(&self, now: Millis) -> Vec<OpKey> {
        self.attempts_due(OpKind::Fetch, now)
    }

    /// The earliest first.
    fn attempts_due(&self, of: OpKind, now: Millis) -> Vec<OpKey> {
        let mut due: Vec<_> = self
            .operations
            .iter()
            .filter_map(|(key, (kind, progress))| match progress {
                Progress::BacksOff { until, .. } if *kind == of && *until <= now => Some((*until, key.clone())),
                Progress::Waits { until: None } if *kind == of => Some((0, key.clone())),
                _ => None,
            })
            .collect();
        due.sort();
        due.into_iter().map(|(_, key)| key).collect()
    }

    /// When the earliest of what is due after `now` is due: sleeps, steps that back off, the body.
    pub fn next_due_after(&self, now: Millis) -> Option<Millis> {
        let operations = self.operations.values().filter_map(|(_, progress)| match progress {
            Progress::SleepsUntil(until) | Progress::BacksOff { until, .. } => Some(*until),
            Progress::Waits { until } => *until,
            Progress::Resolved => None,
        });
        operations.chain(self.body_retry_at).filter(|due| *due > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    fn step(id: &str) -> Entry {
        Entry::Step { key: OpKey::new(id, 0), attempt: 0, started: 0, value: Ok(Json::null()) }
    }

    fn error(attempt: u32) -> Failure {
        Failure::of_host(Kind::Application, "Error", "x").at(None, attempt)
    }

    #[test]
    fn a_result_resets_the_body_and_the_interruptions() {
        let mut history = History::default();
        history.push(Entry::Interrupted, 1);
        history.push(Entry::BodyRetry { error: error(0), retry_at: 9 }, 1);
        assert_eq!((history.body_attempt(), history.interruptions(), history.next_due_after(0)), (1, 1, Some(9)));
        history.push(step("a"), 2);
        assert_eq!((history.body_attempt(), history.interruptions(), history.next_due_after(0)), (0, 0, None));
    }

    #[test]
    fn counts_what_is_unresolved() {
        let mut history = History::default();
        let key = OpKey::new("a", 0);
        history.push(Entry::Sleep { key: OpKey::new("s", 0), until: 50 }, 1);
        history.push(Entry::StepRetry { key: key.clone(), started: 1, error: error(0), retry_at: 20 }, 1);
        history.push(Entry::StepRetry { key: key.clone(), started: 1, error: error(1), retry_at: 30 }, 20);
        assert_eq!((history.unresolved(), history.step_attempt(&key), history.next_due_after(0)), (2, 2, Some(30)));
        assert_eq!(history.steps_due(30), vec![key]);
        assert_eq!(history.sole_retry(30), None, "the run sleeps too");
        assert_eq!(history.next_due_after(30), Some(50), "what is due already is not waited for");
        history.push(step("a"), 31);
        history.push(Entry::Woke { key: OpKey::new("s", 0) }, 50);
        assert_eq!((history.unresolved(), history.results().len()), (0, 2));
    }

    #[test]
    fn knows_the_retry_that_is_all_it_waits_for() {
        let mut history = History::default();
        assert_eq!(history.sole_retry(0), None);
        let key = OpKey::new("a", 0);
        history.push(Entry::StepRetry { key: key.clone(), started: 1, error: error(1), retry_at: 30 }, 20);
        assert_eq!((history.sole_retry(29), history.sole_retry(30)), (None, Some(2)));
        history.push(step("a"), 31);
        assert_eq!(history.sole_retry(31), None);
    }

    #[test]
    fn a_fetch_stays_one_whatever_its_attempts_come_to() {
        let mut history = History::default();
        let key = OpKey::new("a", 0);
        let what = Awaited::Response { method: "GET".into(), host: "a.b".into() };
        history.push(Entry::Waits { key: key.clone(), what, until: None }, 1);
        assert_eq!((history.fetches_due(1), history.next_due_after(0)), (vec![key.clone()], None));
        history.push(Entry::StepRetry { key: key.clone(), started: 1, error: error(0), retry_at: 20 }, 1);
        assert_eq!((history.fetches_due(19), history.next_due_after(0)), (vec![], Some(20)));
        assert_eq!((history.fetches_due(20), history.steps_due(20)), (vec![key.clone()], vec![]));
        history.push(step("a"), 21);
        assert_eq!(history.operation(&key), Some((OpKind::Fetch, Progress::Resolved)));
        assert_eq!((history.fetches_due(21), history.unresolved()), (vec![], 0));
    }
}
