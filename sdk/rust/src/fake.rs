//! A host in memory, for the SDK's own tests: it keeps a journal and writes down every call.

use crate::Function;
use crate::bindings::stepwell::plugin::log::Level;
use crate::bindings::stepwell::plugin::steps::{Control, Decision, Found, Resolved};
use crate::bindings::stepwell::plugin::types::{Failure, OperationKey, Outcome, RetryAdvice, RunContext};
use crate::host::Host;
use crate::operations::Answer;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What one run of a function has come to.
pub(crate) struct Ran {
    pub(crate) outcome: Result<serde_json::Value, Failure>,
    /// Every call, as `plan a#0 b#0`, `finish a#0`, `next a#0`; `enter` begins a pass.
    pub(crate) calls: Vec<String>,
    /// Kind and options of each operation that the host saw to by itself.
    pub(crate) asked: Vec<String>,
    pub(crate) log: Vec<String>,
}

/// The journal of one run, which outlives its passes.
pub(crate) struct Journal {
    records: Vec<(OperationKey, Answer)>,
    /// Not recorded yet, with their attempts.
    open: BTreeMap<String, (Found, u32)>,
    max_attempts: u32,
    failed_run: Vec<(OperationKey, Answer)>,
    /// Of steps that are done over with others than their own.
    inputs: BTreeMap<String, String>,
    /// What the operations of these ids come to that the host sees to by itself; the others to null.
    answers: BTreeMap<String, String>,
    calls: Vec<String>,
    asked: Vec<String>,
    log: Vec<String>,
}

/// The host of one pass.
struct Pass {
    journal: RefCell<Journal>,
    /// The one step that this pass is for, if it is not for the body.
    target: Option<String>,
    delivered: RefCell<usize>,
    /// How many records there were when the pass began: a pass for one step is shown no more.
    known: usize,
}

/// Marks the panic by which `suspend` leaves a blocking body.
struct Suspended;

impl Journal {
    pub(crate) fn new() -> Self {
        Self {
            records: Vec::new(),
            open: BTreeMap::new(),
            max_attempts: 2,
            failed_run: Vec::new(),
            inputs: BTreeMap::new(),
            answers: BTreeMap::new(),
            calls: Vec::new(),
            asked: Vec::new(),
            log: Vec::new(),
        }
    }

    /// A run that is done over with another input of that step.
    pub(crate) fn with_input(mut self, id: &str, json: &str) -> Self {
        self.inputs.insert(format!("{id}#0"), json.to_owned());
        self
    }

    /// A journal that knows this already.
    pub(crate) fn with(mut self, id: &str, json: &str) -> Self {
        self.records.push((OperationKey { id: id.to_owned(), n: 0 }, Ok(json.to_owned())));
        self
    }

    /// A host that answers the operation of that id with this, when it sees to it.
    pub(crate) fn answering(mut self, id: &str, json: &str) -> Self {
        self.answers.insert(id.to_owned(), json.to_owned());
        self
    }

    /// The journal of a failure handler, whose failed run has recorded this.
    pub(crate) fn after(mut self, id: &str, json: &str) -> Self {
        self.failed_run.push((OperationKey { id: id.to_owned(), n: 0 }, Ok(json.to_owned())));
        self
    }

    /// Runs a function to its end, with this event data.
    pub(crate) fn run(self, function: &Function, data: &str) -> Ran {
        let event = format!(r#"{{"name":"test/event","id":"01E","ts":1500,"data":{data}}}"#);
        self.enter_until_ended(&event, |context, host| function.run(context, host))
    }

    /// Runs a failure handler to its end.
    pub(crate) fn handle(self, function: &Function, failure: &Failure, data: &str) -> Ran {
        let event = format!(
            r#"{{"name":"inngest/function.failed","id":"01F","ts":1600,"data":{{"function_id":"p-f","run_id":"01F",
                "event":{{"name":"test/event","data":{data}}},"error":{{"name":"E","message":"m"}}}}}}"#
        );
        self.enter_until_ended(&event, |context, host| {
            function.handle_failure(context, failure.clone(), host).expect("a handler")
        })
    }

    fn enter_until_ended(mut self, event: &str, enter: impl Fn(RunContext, &'static dyn Host) -> Outcome) -> Ran {
        let mut target = None;
        let mut attempt = 0;
        loop {
            self.calls.push("enter".to_owned());
            let known = self.records.len();
            let pass: &'static Pass =
                Box::leak(Box::new(Pass { journal: RefCell::new(self), target, delivered: RefCell::new(0), known }));
            let context = RunContext {
                run_id: "01R".to_owned(),
                function_id: "f".to_owned(),
                attempt,
                max_attempts: 2,
                events: vec![event.to_owned()],
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| enter(context, pass)));
            self = pass.journal.replace(Journal::new());
            let outcome = match outcome {
                Ok(Outcome::Suspended) => None,
                Ok(Outcome::Completed(json)) => Some(Ok(serde_json::from_str(&json).expect("JSON"))),
                Ok(Outcome::Failed(failure)) if failure.advice == RetryAdvice::Never || attempt + 1 >= 2 => {
                    Some(Err(failure))
                }
                Ok(Outcome::Failed(_)) => {
                    attempt += 1;
                    target = None;
                    continue;
                }
                Err(panic) if panic.is::<Suspended>() => None,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            if let Some(outcome) = outcome {
                return Ran { outcome, calls: self.calls, asked: self.asked, log: self.log };
            }
            target = self.wake();
        }
    }

    /// What a scheduler would do next: end a sleep or the like, or run a step in a pass of its own.
    fn wake(&mut self) -> Option<String> {
        let (name, (found, _)) = self.open.iter().next()?;
        if found.kind == "run" {
            return Some(name.clone());
        }
        let name = name.clone();
        let (found, _) = self.open.remove(&name)?;
        self.asked.push(format!("{} {}", found.kind, found.options));
        let answer = self.answers.get(&found.key.id).cloned().unwrap_or_else(|| "null".to_owned());
        self.records.push((found.key, Ok(answer)));
        None
    }
}

fn name(key: &OperationKey) -> String {
    format!("{}#{}", key.id, key.n)
}

impl Host for Pass {
    fn step_input(&self, key: &OperationKey) -> Option<String> {
        self.journal.borrow().inputs.get(&name(key)).cloned()
    }

    fn plan(&self, found: &[Found]) -> Vec<Decision> {
        let mut journal = self.journal.borrow_mut();
        let names: Vec<_> = found.iter().map(|found| name(&found.key)).collect();
        journal.calls.push(format!("plan {}", names.join(" ")));
        for found in found {
            if !journal.records.iter().any(|(key, _)| *key == found.key) {
                journal.open.entry(name(&found.key)).or_insert_with(|| (found.clone(), 0));
            }
        }
        let alone = journal.open.len() == 1 && self.target.is_none();
        let decide = |found: &Found| match journal.open.get(&name(&found.key)) {
            Some((open, attempt)) if open.kind == "run" && (alone || self.target == Some(name(&found.key))) => {
                Decision::Run(*attempt)
            }
            _ => Decision::Noted,
        };
        found.iter().map(decide).collect()
    }

    fn finish(&self, key: &OperationKey, value: Result<&str, &Failure>) -> Control {
        let mut journal = self.journal.borrow_mut();
        journal.calls.push(format!("finish {}", name(key)));
        let max_attempts = journal.max_attempts;
        let (_, attempt) = journal.open.get_mut(&name(key)).expect("only open steps are finished");
        if let Err(failure) = value
            && failure.advice != RetryAdvice::Never
            && *attempt + 1 < max_attempts
        {
            *attempt += 1;
            return Control::Stop;
        }
        journal.open.remove(&name(key));
        journal.records.push((key.clone(), value.map(str::to_owned).map_err(Clone::clone)));
        if self.target.is_some() { Control::Stop } else { Control::Proceed }
    }

    fn next(&self) -> Option<Resolved> {
        let mut journal = self.journal.borrow_mut();
        let mut delivered = self.delivered.borrow_mut();
        if self.target.is_some() && *delivered >= self.known {
            return None;
        }
        let (key, value) = journal.records.get(*delivered)?.clone();
        *delivered += 1;
        journal.calls.push(format!("next {}", name(&key)));
        Some(Resolved { key, value, at: 0.0 })
    }

    fn suspend(&self) -> ! {
        std::panic::resume_unwind(Box::new(Suspended))
    }

    fn failed_step(&self, key: &OperationKey) -> Option<Answer> {
        let journal = self.journal.borrow();
        let (_, answer) = journal.failed_run.iter().find(|(recorded, _)| recorded == key)?;
        Some(answer.clone())
    }

    fn write_log(&self, _: Level, message: &str, fields: &str) {
        self.journal.borrow_mut().log.push(format!("{message} {fields}"));
    }
}
