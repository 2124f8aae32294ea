//! A run's journal: the operations that it has reached, what they have come to, and the story of it.

use super::lifecycle::parsed;
use super::policy::Policy;
use super::run::TestStep;
use crate::bindings::stepwell::plugin::steps::Resolved;
use crate::bindings::stepwell::plugin::types::{Failure, OperationKey};
use crate::operations::Answer;
use serde_json::Value;

/// The story's form of a value.
const VALUE_MAX: usize = 200;

/// The durable record of a run. Times are milliseconds since 1970.
pub(super) struct Journal {
    pub(super) began: u64,
    pub(super) operations: Vec<Operation>,
    /// In the order in which they were recorded.
    pub(super) results: Vec<Resolved>,
    pub(super) steps: Vec<TestStep>,
    /// When the body may be entered; `None`: not before there is a new result.
    pub(super) body_due: Option<u64>,
    /// Failures of the body since the last result.
    pub(super) body_failures: u32,
    pub(super) body_retries: u32,
    /// How often an instance was lost since the last result.
    pub(super) losses: u32,
    story: Vec<(u64, String)>,
}

/// An operation that the run has reached.
pub(super) struct Operation {
    pub(super) key: OperationKey,
    pub(super) kind: String,
    pub(super) options: Value,
    pub(super) policy: Policy,
    /// When a sleep ends, a wait is given up, or an attempt may begin.
    pub(super) due: Option<u64>,
    pub(super) failures: u32,
    pub(super) is_over: bool,
}

impl Operation {
    /// Whether it waits for what somebody else has to bring about; its time is then when that is given up.
    pub(super) fn waits_outside(&self) -> bool {
        matches!(self.kind.as_str(), "wait-for-event" | "wait-for-signal" | "invoke")
    }

    fn is_attempted(&self) -> bool {
        matches!(self.kind.as_str(), "run" | "fetch")
    }

    pub(super) fn is_due(&self, now: u64) -> bool {
        !self.is_over && self.due.is_some_and(|due| due <= now)
    }

    /// As the story tells that it failed.
    fn failed_for_good(&self, failure: &Failure) -> String {
        let what = if self.is_attempted() { "step " } else { "" };
        format!("{what}{} failed for good{}: {}", name(&self.key), self.at_attempt(), text(failure))
    }

    /// As the story tells that a step came to this.
    pub(super) fn completed(&self, what: &str) -> String {
        format!("step {} completed{} {what}", name(&self.key), self.at_attempt())
    }

    fn at_attempt(&self) -> String {
        if self.failures > 0 { format!(" at attempt {}", self.failures + 1) } else { String::new() }
    }
}

impl Journal {
    pub(super) fn new(now: u64) -> Self {
        Self {
            began: now,
            operations: Vec::new(),
            results: Vec::new(),
            steps: Vec::new(),
            body_due: Some(now),
            body_failures: 0,
            body_retries: 0,
            losses: 0,
            story: Vec::new(),
        }
    }

    /// Takes in that a step has this result already.
    #[cfg(test)]
    pub(super) fn know(&mut self, id: &str, json: &str) {
        let key = OperationKey { id: id.to_owned(), n: 0 };
        self.operations.push(Operation {
            key: key.clone(),
            kind: "run".to_owned(),
            options: Value::Null,
            policy: Policy::DEFAULT,
            due: None,
            failures: 0,
            is_over: false,
        });
        self.resolve(&key, Ok(json.to_owned()), self.began, |operation| operation.completed(json));
    }

    pub(super) fn operation(&mut self, key: &OperationKey) -> Option<&mut Operation> {
        self.operations.iter_mut().find(|operation| operation.key == *key)
    }

    /// The operations that are not over, in the order in which they were reached.
    pub(super) fn open(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| !operation.is_over)
    }

    /// The first of that kind whose time has come.
    pub(super) fn due(&self, now: u64, wanted: impl Fn(&Operation) -> bool) -> Option<OperationKey> {
        self.operations.iter().find(|one| wanted(one) && one.is_due(now)).map(|one| one.key.clone())
    }

    /// Records what an operation has come to.
    pub(super) fn resolve(
        &mut self,
        key: &OperationKey,
        answer: Answer,
        now: u64,
        what: impl FnOnce(&Operation) -> String,
    ) {
        let Some(operation) = self.operation(key).filter(|operation| !operation.is_over) else { return };
        operation.is_over = true;
        operation.due = None;
        let what = what(operation);
        let (kind, attempts) = (operation.kind.clone(), operation.failures + 1);
        let result = answer.as_deref().map(parsed).map_err(|failure| failure.clone().into());
        self.steps.push(TestStep { id: key.id.clone(), n: key.n, kind, attempts, result });
        #[expect(clippy::cast_precision_loss, reason = "times of this era are exact")]
        self.results.push(Resolved { key: key.clone(), value: answer, at: now as f64 });
        self.body_due = Some(now);
        self.body_failures = 0;
        self.losses = 0;
        self.note(now, what);
    }

    /// Records that an operation has failed for good.
    pub(super) fn refuse(&mut self, key: &OperationKey, failure: &Failure, now: u64) {
        let Some(operation) = self.operation(key) else { return };
        let failure = Failure { step: Some(key.clone()), attempt: operation.failures, ..failure.clone() };
        let told = failure.clone();
        self.resolve(key, Err(failure), now, |operation| operation.failed_for_good(&told));
    }

    /// Records that an attempt of an operation has failed and that it is tried again.
    pub(super) fn retry(&mut self, key: &OperationKey, failure: &Failure, delay: u64, now: u64) {
        let Some(operation) = self.operation(key) else { return };
        operation.failures += 1;
        operation.due = Some(now + delay);
        let attempt = operation.failures;
        let what =
            format!("step {} failed at attempt {attempt}: {}; again in {}", name(key), text(failure), span(delay));
        self.note(now, what);
    }

    /// Records that the body has failed and that it is tried again.
    pub(super) fn retry_body(&mut self, failure: &Failure, delay: u64, now: u64) {
        self.body_failures += 1;
        self.body_retries += 1;
        self.body_due = Some(now + delay);
        let attempt = self.body_failures;
        self.note(now, format!("the body failed at attempt {attempt}: {}; again in {}", text(failure), span(delay)));
    }

    /// The final error of that step, if it has one.
    pub(super) fn step_error(&self, key: Option<&OperationKey>) -> Option<&Failure> {
        let key = key?;
        self.results.iter().find(|result| result.key == *key)?.value.as_ref().err()
    }

    /// Adds a line to the story.
    pub(super) fn note(&mut self, now: u64, what: String) {
        self.story.push((now, what));
    }

    /// The history of the run, a line each, with the time since the beginning.
    pub(super) fn story(&self) -> impl Iterator<Item = String> {
        self.story.iter().map(|(at, what)| format!("+{} {what}", span(at - self.began)))
    }
}

/// The id, with `:n` behind it from its second use on.
pub(super) fn name(key: &OperationKey) -> String {
    if key.n > 0 { format!("{}:{}", key.id, key.n) } else { key.id.clone() }
}

pub(super) fn text(failure: &Failure) -> String {
    format!("{}: {}", failure.name, failure.message)
}

/// A value, no longer than a reader wants it.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A duration as a text, such as `1h30m`.
pub(super) fn span(ms: u64) -> String {
    const UNITS: [(u64, &str); 5] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    let mut rest = ms;
    let mut text = String::new();
    for (size, unit) in UNITS {
        if rest >= size {
            text += &(rest / size).to_string();
            text += unit;
            rest %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}
