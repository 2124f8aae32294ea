//! The test host, with each call that the SDK makes to it written down.

use crate::bindings::stepwell::plugin::log::Level;
use crate::bindings::stepwell::plugin::steps::{Control, Decision, Found, Resolved};
use crate::bindings::stepwell::plugin::types::{Failure, OperationKey};
use crate::host::Host;
use crate::operations::Answer;
use crate::testing::{TestHost, TestRun};
use crate::{Function, NewEvent};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// The outcome of a run.
pub(crate) struct Ran {
    pub(crate) run: TestRun,
    pub(crate) outcome: Result<Value, Failure>,
    /// Every call, as `plan a#0 b#0`, `finish a#0`, `next a#0`; `enter` begins a pass.
    pub(crate) calls: Vec<String>,
    /// Kind and options of each operation that is no step.
    pub(crate) asked: Vec<String>,
}

/// The circumstances of a run.
#[derive(Default)]
pub(crate) struct Raw {
    known: Vec<(&'static str, &'static str)>,
    inputs: BTreeMap<&'static str, &'static str>,
    answers: Vec<(&'static str, Value)>,
}

impl Raw {
    /// The run is replayed with another input of that step.
    pub(crate) fn with_input(mut self, id: &'static str, json: &'static str) -> Self {
        self.inputs.insert(id, json);
        self
    }

    /// Its journal knows this already.
    pub(crate) fn with(mut self, id: &'static str, json: &'static str) -> Self {
        self.known.push((id, json));
        self
    }

    /// The operation of that id comes to this.
    pub(crate) fn answering(mut self, id: &'static str, value: Value) -> Self {
        self.answers.push((id, value));
        self
    }

    /// Runs a function to its end, with one retry and this event data.
    pub(crate) fn run(self, function: Function, data: &Value) -> Ran {
        let calls: &'static Calls = Box::leak(Box::default());
        let inputs = self.inputs;
        let host = TestHost::behind([function.retries(1)], |host| {
            let recorder: &'static Recorder = Box::leak(Box::new(Recorder { host, calls, inputs }));
            Box::new(move || {
                calls.all.borrow_mut().push("enter".to_owned());
                recorder
            })
        });
        let host = host.starting_at(SystemTime::UNIX_EPOCH + Duration::from_millis(1500));
        for (id, value) in self.answers {
            host.mock(id, value);
        }
        let run = host.start_knowing("f", NewEvent::new("test/event", data), &self.known);
        host.settle();
        Ran { outcome: run.outcome(), run, calls: calls.all.take(), asked: calls.asked.take() }
    }
}

#[derive(Default)]
struct Calls {
    all: RefCell<Vec<String>>,
    asked: RefCell<Vec<String>>,
}

struct Recorder {
    host: &'static dyn Host,
    calls: &'static Calls,
    inputs: BTreeMap<&'static str, &'static str>,
}

fn name(key: &OperationKey) -> String {
    format!("{}#{}", key.id, key.n)
}

impl Host for Recorder {
    fn plan(&self, found: &[Found]) -> Vec<Decision> {
        let names: Vec<_> = found.iter().map(|found| name(&found.key)).collect();
        self.calls.all.borrow_mut().push(format!("plan {}", names.join(" ")));
        for found in found.iter().filter(|found| found.kind != "run") {
            let asked = format!("{} {}", found.kind, found.options);
            let mut all = self.calls.asked.borrow_mut();
            if !all.contains(&asked) {
                all.push(asked);
            }
        }
        self.host.plan(found)
    }

    fn finish(&self, key: &OperationKey, value: Result<&str, &Failure>) -> Control {
        self.calls.all.borrow_mut().push(format!("finish {}", name(key)));
        self.host.finish(key, value)
    }

    fn next(&self) -> Option<Resolved> {
        let resolved = self.host.next()?;
        self.calls.all.borrow_mut().push(format!("next {}", name(&resolved.key)));
        Some(resolved)
    }

    fn suspend(&self) -> ! {
        self.host.suspend()
    }

    fn failed_step(&self, key: &OperationKey) -> Option<Answer> {
        self.host.failed_step(key)
    }

    fn step_input(&self, key: &OperationKey) -> Option<String> {
        self.inputs.get(key.id.as_str()).map(ToString::to_string)
    }

    fn write_log(&self, level: Level, message: &str, fields: &str) {
        self.host.write_log(level, message, fields);
    }
}
