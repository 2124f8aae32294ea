//! Operations that are no steps: what they do outside of their run, and what they come to.

use super::execution::Outcome;
use super::journal::{cut, name, span};
use super::lifecycle::parsed;
use super::panics::Interrupt;
use super::policy::whole;
use super::world::State;
use crate::bindings::stepwell::plugin::types::{Failure, FailureKind, OperationKey, RetryAdvice};
use crate::error::Error;
use serde_json::{Value, json};
use std::panic::resume_unwind;

/// 366 days. Inngest's.
const WAIT_MAX_MS: u64 = 366 * 24 * 3_600 * 1_000;

impl State {
    /// Begins an operation that the code has newly reached.
    pub(super) fn begin(&mut self, run: usize, key: &OperationKey) {
        let Some(operation) = self.runs[run].journal.operation(key) else { return };
        let kind = operation.kind.clone();
        if kind != "fetch" && self.doubles.has(&key.id) {
            return self.come_to_double(run, key, &kind);
        }
        match kind.as_str() {
            "sleep" => self.sleep(run, key),
            "wait-for-event" => self.wait_for_event(run, key),
            "wait-for-signal" => self.wait_for_signal(run, key),
            "invoke" => self.begin_invocation(run, key),
            "send-events" => self.send_events(run, key),
            "send-signal" => self.send_signal(run, key),
            "fetch" => {
                let url = self.options(run, key)["url"].as_str().unwrap_or_default().to_owned();
                self.tell_story(run, format!("{} fetches {url}", name(key)));
                self.request(run, key);
            }
            kind => panic!("operation \"{}\" is of kind {kind}, which the test host does not know", key.id),
        }
    }

    /// Ends one whose time has come.
    pub(super) fn end(&mut self, run: usize, key: &OperationKey) {
        let kind = self.runs[run].journal.operation(key).map(|operation| operation.kind.clone());
        match kind.as_deref() {
            Some("sleep") => self.resolve(run, key, &Value::Null, format!("sleep {} is over", name(key))),
            Some("fetch") => self.request(run, key),
            Some("invoke") => {
                let message = "Timed out waiting for invoked function to complete".to_owned();
                let error = Error::own("InngestInvokeTimeoutError", message).with_code("invoke_timeout");
                self.refuse(run, key, &Failure { kind: FailureKind::Timeout, ..error.of_body() });
            }
            _ => self.answer(run, key, &Value::Null),
        }
    }

    /// Gives an operation what it has waited for.
    pub(super) fn answer(&mut self, run: usize, key: &OperationKey, value: &Value) {
        let what = format!("{} is answered {}", name(key), cut(&value.to_string()));
        self.resolve(run, key, value, what);
    }

    /// Gives the run's invoker its result.
    pub(super) fn tell_invoker(&mut self, run: usize) {
        let Some((invoker, key)) = self.runs[run].invoker.clone() else { return };
        if self.runs[invoker].outcome.is_some() {
            return;
        }
        match &self.runs[run].outcome {
            Some(Outcome::Completed(json)) => {
                let value = parsed(json);
                self.answer(invoker, &key, &value);
            }
            Some(Outcome::Failed(failure)) => {
                let failure = Failure { advice: RetryAdvice::Never, ..failure.clone() };
                self.refuse(invoker, &key, &failure);
            }
            Some(Outcome::Cancelled(reason)) => {
                let error = Error::own("Error", "function cancelled".to_owned()).with_code("cancelled");
                let error = error.with_details(&json!({ "reason": reason }));
                self.refuse(invoker, &key, &Failure { kind: FailureKind::Cancelled, ..error.of_body() });
            }
            None => {}
        }
    }

    /// Gives a signal to the run that waits for it; returns that run's place.
    pub(super) fn signal(&mut self, signal: &str, data: &Value) -> Option<usize> {
        let waiting = self.open("wait-for-signal", |_, operation| operation.options["signal"] == signal);
        let (run, key) = waiting.into_iter().next()?;
        self.answer(run, &key, &json!({ "signal": signal, "data": data }));
        Some(run)
    }

    fn options(&self, run: usize, key: &OperationKey) -> Value {
        let operations = &self.runs[run].journal.operations;
        operations.iter().find(|one| one.key == *key).map(|one| one.options.clone()).unwrap_or_default()
    }

    fn tell_story(&mut self, run: usize, what: String) {
        let now = self.now;
        self.runs[run].journal.note(now, what);
    }

    fn resolve(&mut self, run: usize, key: &OperationKey, value: &Value, what: String) {
        let now = self.now;
        self.runs[run].journal.resolve(key, Ok(value.to_string()), now, |_| what);
    }

    fn refuse(&mut self, run: usize, key: &OperationKey, failure: &Failure) {
        let now = self.now;
        self.runs[run].journal.refuse(key, failure, now);
    }

    /// Makes an attempt at a request, as far as the test has said what it comes to.
    fn request(&mut self, run: usize, key: &OperationKey) {
        let asked = self.asked(run, key);
        assert!(
            self.doubles.has(&key.id),
            "step.fetch(\"{0}\") of {1} asks for {2} {3}, and tests make no requests: say what it comes to with \
             host.mock(\"{0}\", respond(200))",
            key.id,
            self.runs[run].function_id,
            asked.options["method"].as_str().unwrap_or("GET"),
            asked.options["url"].as_str().unwrap_or_default(),
        );
        let now = self.now;
        match self.double(run, key) {
            Ok(response) => {
                assert!(
                    response["status"].is_u64() && response["headers"].is_object() && response["body"].is_string(),
                    "the mock of step.fetch(\"{}\") has to come to a respond(…), not to {response}",
                    key.id
                );
                let status = response["status"].to_string();
                let journal = &mut self.runs[run].journal;
                journal.resolve(key, Ok(response.to_string()), now, |operation| operation.completed(&status));
            }
            Err(failure) => self.runs[run].attempt_failed(key, failure, now),
        }
    }

    /// The result that a double gives the operation.
    fn double(&mut self, run: usize, key: &OperationKey) -> Result<Value, Failure> {
        let asked = self.asked(run, key);
        match self.doubles.attempt(&asked) {
            Ok(answer) => answer.map(|json| parsed(&json)),
            Err(Interrupt::OfTest(panic)) => resume_unwind(panic),
            Err(_) => unreachable!("a mock ends an instance by nothing else"),
        }
    }

    fn come_to_double(&mut self, run: usize, key: &OperationKey, kind: &str) {
        let value = match self.double(run, key) {
            Ok(value) => value,
            Err(failure) => return self.refuse(run, key, &failure),
        };
        let options = self.options(run, key);
        let value = match kind {
            "sleep" => Value::Null,
            "wait-for-signal" if !value.is_null() => json!({ "signal": options["signal"], "data": value }),
            "wait-for-event" if !value.is_null() => {
                json!({ "name": options["event"], "data": value, "id": self.new_event_id(), "ts": self.now })
            }
            _ => value,
        };
        self.answer(run, key, &value);
    }

    /// Notes when an operation is over or given up; false, and the run's failure, if that is too far off.
    fn wait(&mut self, run: usize, key: &OperationKey, ms: f64) -> bool {
        let (now, ms) = (self.now, whole(ms));
        if ms <= WAIT_MAX_MS {
            if let Some(operation) = self.runs[run].journal.operation(key) {
                operation.due = Some(now + ms);
            }
            return true;
        }
        let message = format!("\"{}\" is longer than 366 days, the limit", key.id);
        let failure = Error::own("InngestErrTimeoutTooLong", message).of_body();
        self.runs[run].fail(Failure { kind: FailureKind::Limit, ..failure }, now);
        false
    }

    #[expect(clippy::cast_precision_loss, reason = "times of this era are exact")]
    fn sleep(&mut self, run: usize, key: &OperationKey) {
        let options = self.options(run, key);
        let until = |until: f64| (until - self.now as f64).max(0.0);
        let ms = options["ms"].as_f64().or_else(|| options["until"].as_f64().map(until)).unwrap_or_default();
        if self.wait(run, key, ms) {
            self.tell_story(run, format!("sleep {} for {}", name(key), span(whole(ms))));
        }
    }

    fn wait_for_event(&mut self, run: usize, key: &OperationKey) {
        let options = self.options(run, key);
        if let Some(condition) = options["if"].as_str() {
            panic!(
                "step.wait_for_event(\"{0}\") of {1} waits for an event of which `{condition}`, which only the real host \
                 can tell: say what it comes to with host.mock(\"{0}\", …), its data or `()`",
                key.id, self.runs[run].function_id
            );
        }
        self.wait_outside(run, key, &format!("waits for {}", options["event"].as_str().unwrap_or_default()));
    }

    fn wait_for_signal(&mut self, run: usize, key: &OperationKey) {
        let options = self.options(run, key);
        let signal = options["signal"].as_str().unwrap_or_default();
        let holder = self.open("wait-for-signal", |_, operation| operation.options["signal"] == signal);
        if let Some((holder, held)) = holder.into_iter().next() {
            if options["on_conflict"] != "replace" {
                let message = format!("Signal conflict; run {} waits for signal \"{signal}\"", self.runs[holder].id);
                let failure = Error::own("SignalConflict", message).with_code("signal_conflict").of_body();
                let now = self.now;
                return self.runs[run].fail(Failure { step: Some(key.clone()), ..failure }, now);
            }
            // Nothing will be heard there any more.
            if let Some(operation) = self.runs[holder].journal.operation(&held) {
                operation.options["signal"] = Value::Null;
            }
        }
        self.wait_outside(run, key, &format!("waits for signal {signal}"));
    }

    fn begin_invocation(&mut self, run: usize, key: &OperationKey) {
        let options = self.options(run, key);
        let id = options["function"].as_str().unwrap_or_default();
        let Some(function) = self.function(id) else {
            panic!(
                "step.invoke(\"{0}\") of {1} invokes \"{id}\", which is no function of this host: give it to \
                 TestHost::new, or say what it comes to with host.mock(\"{0}\", …)",
                key.id, self.runs[run].function_id
            );
        };
        if self.wait_outside(run, key, &format!("invokes {id}")) {
            self.invoke(function, &options["data"], (run, key.clone()));
        }
    }

    fn wait_outside(&mut self, run: usize, key: &OperationKey, what: &str) -> bool {
        let ms = self.options(run, key)["timeout_ms"].as_f64().unwrap_or_default();
        let waits = self.wait(run, key, ms);
        if waits {
            self.tell_story(run, format!("{} {what}, for {}", name(key), span(whole(ms))));
        }
        waits
    }

    fn send_events(&mut self, run: usize, key: &OperationKey) {
        let options = self.options(run, key);
        let events = options["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(problem) = events.iter().find_map(problem) {
            let error = Error::own("EventError", problem).with_code("event_refused");
            return self.refuse(run, key, &error.of_body());
        }
        self.tell_story(run, format!("{} sends events", name(key)));
        let ids: Vec<_> = events.iter().map(|event| self.receive(event).id).collect();
        self.answer(run, key, &json!({ "ids": ids }));
    }

    fn send_signal(&mut self, run: usize, key: &OperationKey) {
        let options = self.options(run, key);
        let signal = options["signal"].as_str().unwrap_or_default();
        self.tell_story(run, format!("{} sends signal {signal}", name(key)));
        let receiver = self.signal(signal, &options["data"]);
        let receiver = receiver.map(|run| self.runs[run].id.clone());
        self.answer(run, key, &json!({ "run_id": receiver }));
    }
}

/// Why the host would refuse that event.
pub(super) fn problem(event: &Value) -> Option<String> {
    let name = event["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return Some("event name is missing".to_owned());
    }
    if name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("inngest/")) {
        return Some(format!(
            "event name \"{name}\" is reserved: names that begin with \"inngest/\" are the host's own"
        ));
    }
    (!event["data"].is_object() && !event["data"].is_null()).then(|| "event data has to be a JSON object".to_owned())
}
