//! Failures as the host tells them, field by field against what Inngest puts on the wire (`tests/captures`).

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use stepwell::model::Event;

use crate::clock::START;
use crate::guests;
use crate::process;
use crate::scenarios;
use crate::stage::Stage;
use crate::typescript;

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("captures::failures_are_told_as_inngest_tells_them", || {
            block_on(compare(guests::bytes("captures"), Language::Rust))
        }),
        typescript::trial("captures::typescript_fails_as_it_does_with_inngest", |folder| {
            let component = typescript::component(folder, typescript::CAPTURES)?;
            block_on(compare(component.into(), Language::TypeScript))
        }),
    ]
}

fn block_on(comparison: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(comparison)
}

/// The languages of the functions.
#[derive(Debug, Clone, Copy)]
enum Language {
    Rust,
    TypeScript,
}

impl Language {
    fn allowed(self) -> Vec<&'static Allowed> {
        let own = match self {
            Self::Rust => RUST,
            Self::TypeScript => TYPESCRIPT,
        };
        ALLOWED.iter().chain(own).collect()
    }

    /// Captures have the first line of a stack, which is the same in one language.
    fn stack(self, stack: &str) -> &str {
        match self {
            Self::Rust => stack,
            Self::TypeScript => stack.lines().next().unwrap_or_default(),
        }
    }
}

/// In what way a field may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    /// Both have it, of the same type.
    Value,
    /// Only this host has it.
    Addition,
    /// Only Inngest has it.
    Omission,
}

use Difference::{Addition, Omission, Value as Values};

/// Differences that are allowed, by place: `*` stands for one part of the path, `**` for any number. `of`: the cases, by their number;
/// all if it is absent.
struct Allowed {
    path: &'static str,
    how: Difference,
    of: &'static [&'static str],
    why: &'static str,
}

const fn always(path: &'static str, how: Difference, why: &'static str) -> Allowed {
    Allowed { path, how, of: &[], why }
}

const fn only(of: &'static [&'static str], path: &'static str, how: Difference, why: &'static str) -> Allowed {
    Allowed { path, how, of, why }
}

const ID: &str = "an id";
const TIME: &str = "a time";
const FAILURE_5: &str = "an addition on purpose (A22): what Inngest loses is kept";
const BOOKKEEPING: &str = "Inngest's own bookkeeping of queue, apps and traces; nobody reads it here";
const LAGS: &str = "Inngest's listing lags behind: what it says to have ended it calls scheduled or running";
const UUID: &str = "what the host knows it by, where Inngest has UUIDs";

const ALLOWED: &[Allowed] = &[
    always("event.id", Values, ID),
    always("event.ts", Values, TIME),
    always("event.data.run_id", Values, ID),
    always("event.data.event.id", Values, ID),
    always("event.data.event.ts", Values, TIME),
    always("event.data.events.*.id", Values, ID),
    always("event.data.events.*.ts", Values, TIME),
    always("event.data.error.kind", Addition, FAILURE_5),
    always("event.data.error.attempts", Addition, FAILURE_5),
    only(&["c03", "c20", "c23"], "event.data.error.step_id", Addition, FAILURE_5),
    only(&["c06"], "event.data.error.code", Addition, FAILURE_5),
    only(&["c06"], "event.data.error.details", Addition, FAILURE_5),
    only(&["c09"], "event.data.correlation_id", Values, "the operation's own id, where Inngest has its hash (E18)"),
    only(&["c09"], "event.data.**._inngest.correlation_id", Values, "as in data"),
    only(&["c09"], "event.data.**._inngest.expire", Omission, "the journal of the caller has it"),
    only(&["c09"], "event.data.**._inngest.gid", Omission, BOOKKEEPING),
    only(&["c09"], "event.data.**._inngest.isr", Omission, BOOKKEEPING),
    only(&["c09"], "event.data.**._inngest.tc", Omission, BOOKKEEPING),
    only(&["c09"], "event.data.**._inngest.source_app_id", Omission, BOOKKEEPING),
    only(&["c09"], "event.data.**._inngest.source_fn_id", Omission, BOOKKEEPING),
    only(&["c09"], "event.data.**._inngest.source_fn_v", Omission, BOOKKEEPING),
    always("runs.data.*.run_id", Values, ID),
    always("runs.data.*.event_id", Values, ID),
    always("runs.data.*.function_id", Values, UUID),
    always("runs.data.*.environment_id", Values, UUID),
    always("runs.data.*.run_started_at", Values, TIME),
    always("runs.data.*.ended_at", Values, TIME),
    always("runs.metadata.*", Values, TIME),
    only(&["c03", "c06", "c20", "c23"], "runs.data.*.status", Values, LAGS),
    only(&["c07"], "runs.data.*.output", Values, "Inngest's listing has no output of a function that has completed"),
];

const RUST: &[Allowed] = &[always("**.stack", Values, "another language's stack")];

const TYPESCRIPT: &[Allowed] = &[];

/// Rules that nothing has needed are no rules.
struct Comparison {
    language: Language,
    allowed: Vec<&'static Allowed>,
    used: BTreeSet<usize>,
    problems: Vec<String>,
}

impl Comparison {
    fn new(language: Language) -> Self {
        Self { language, allowed: language.allowed(), used: BTreeSet::new(), problems: Vec::new() }
    }

    fn compare(&mut self, case: &str, path: &str, theirs: &Value, ours: &Value) {
        match (theirs, ours) {
            (Value::Object(a), Value::Object(b)) => {
                let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
                for key in keys {
                    let path = format!("{path}.{key}");
                    match (a.get(key), b.get(key)) {
                        (Some(theirs), Some(ours)) => self.compare(case, &path, theirs, ours),
                        (Some(theirs), None) => self.judge(case, &path, Omission, &format!("{theirs} is missing")),
                        (None, ours) => self.judge(case, &path, Addition, &format!("{} is too much", json!(ours))),
                    }
                }
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (n, (theirs, ours)) in a.iter().zip(b).enumerate() {
                    self.compare(case, &format!("{path}.{n}"), theirs, ours);
                }
            }
            (Value::String(stack), Value::String(ours)) if path.ends_with(".stack") => {
                if self.language.stack(ours) != stack {
                    self.judge(case, path, Values, &format!("{stack} was expected, {ours} came"));
                }
            }
            _ if theirs == ours => {}
            _ => {
                let said = format!("{theirs} was expected, {ours} came");
                let is_of_one_type = std::mem::discriminant(theirs) == std::mem::discriminant(ours);
                // A function's result has no type that anybody could promise.
                if is_of_one_type || path.ends_with(".output") {
                    self.judge(case, path, Values, &said);
                } else {
                    self.problems.push(format!("{case}: {path}: {said}"));
                }
            }
        }
    }

    fn judge(&mut self, case: &str, path: &str, how: Difference, said: &str) {
        let applies = |rule: &Allowed| {
            let is_of_case = rule.of.is_empty() || rule.of.iter().any(|of| case.starts_with(of));
            rule.how == how && is_of_case && fits(&parts(rule.path), &parts(path))
        };
        match self.allowed.iter().position(|rule| applies(rule)) {
            Some(rule) => {
                self.used.insert(rule);
            }
            None => self.problems.push(format!("{case}: {path}: {said}")),
        }
    }

    fn finish(mut self) -> Result<(), Failed> {
        let unused = self.allowed.iter().enumerate().filter(|(n, _)| !self.used.contains(n));
        self.problems.extend(unused.map(|(_, rule)| format!("nothing differs at {} ({})", rule.path, rule.why)));
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems.join("\n").into()) }
    }
}

fn parts(path: &str) -> Vec<&str> {
    path.split('.').collect()
}

fn fits(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => {
            fits(rest, path) || path.split_first().is_some_and(|(_, behind)| fits(pattern, behind))
        }
        (Some((first, rest)), Some((part, behind))) => (*first == "*" || first == part) && fits(rest, behind),
        _ => false,
    }
}

/// A case and what was captured of it, in order.
fn cases() -> Result<Vec<(String, Value)>, Failed> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(guests::root().join("tests/captures"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            cases.push((name, serde_json::from_str(&fs::read_to_string(&path)?)?));
        }
    }
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(cases)
}

async fn compare(component: Arc<[u8]>, language: Language) -> Result<(), Failed> {
    let cases = cases()?;
    let stage = Stage::open().await;
    stage.offer("cap", component).await;
    // Finished events are stored where somebody listens.
    let listener = [("ends".to_owned(), json!({ "triggers": [{ "event": "inngest/function.finished" }] }))];
    stage.offer("listener", scenarios::component(&listener.into())).await;
    for (case, _) in &cases {
        // c09's capture is of the run that c23 invokes.
        if case != "c09-retries-0" {
            let event =
                json!({ "name": format!("cap/{case}"), "data": { "case": case, "n": 1 }, "user": { "u": "alice" } });
            stage.send(&event).await?;
        }
    }
    stage.advance_to(START + 1_000_000).await;
    let (_, events) = stage.history().await;
    let mut comparison = Comparison::new(language);
    for (case, capture) in &cases {
        let told = Told::of(case, &events);
        compare_events(&mut comparison, case, capture, &told);
        if case != "c09-retries-0" {
            let runs = runs(&stage, &told.sent)?;
            comparison.compare(case, "runs", &capture["runs"], &runs);
            if let Some(caught) = capture.get("caught") {
                comparison.compare(case, "caught", caught, &runs["data"][0]["output"]);
            }
        }
        if let Some(handler) = capture.get("handler").filter(|_| case != "c08-onfailure-throws") {
            comparison.compare(case, "handler", handler, &handlers_output(&stage, &told)?);
        }
    }
    stage.close().await;
    comparison.finish()
}

/// The host's record of a case.
struct Told {
    /// The internal id of the event that was sent.
    sent: String,
    failed: Vec<Value>,
    /// The failed event's internal id.
    failed_id: Option<String>,
    finished: Vec<Value>,
}

impl Told {
    fn of(case: &str, events: &[Arc<Event>]) -> Self {
        let function = json!(format!("cap-{case}"));
        let is_its = |event: &&Arc<Event>, name: &str| {
            *event.name == *name && event.json.to_value()["data"]["function_id"] == function
        };
        let of =
            |name: &str| events.iter().filter(|event| is_its(event, name)).map(|event| event.json.to_value()).collect();
        let sent = events.iter().find(|event| *event.name == format!("cap/{case}"));
        let failed = events.iter().find(|event| is_its(event, "inngest/function.failed"));
        Self {
            sent: sent.map(|event| event.id.to_string()).unwrap_or_default(),
            failed: of("inngest/function.failed"),
            failed_id: failed.map(|event| event.id.to_string()),
            finished: of("inngest/function.finished"),
        }
    }
}

/// Expects a failed event if Inngest has one, and the same data in the finished one.
fn compare_events(comparison: &mut Comparison, case: &str, capture: &Value, told: &Told) {
    let [finished] = told.finished.as_slice() else { panic!("{case} has finished once") };
    let failed = match (told.failed.as_slice(), capture.get("event")) {
        ([failed], Some(event)) => {
            comparison.compare(case, "event", event, failed);
            failed
        }
        // Nobody was there to capture it.
        ([failed], None) if case == "c18-no-onfailure" => failed,
        ([], None) => return assert_eq!(finished["data"]["_inngest"], json!({ "status": "Completed" })),
        _ => panic!("{case} was told to have failed {} times", told.failed.len()),
    };
    assert_eq!(failed["id"], failed["data"]["run_id"], "{case}: the failed event's id is that of the run");
    let renamed = json!({
        "name": "inngest/function.finished",
        "id": finished["id"],
        "ts": failed["ts"],
        "data": failed["data"],
        "user": failed["user"],
    });
    assert_eq!(*finished, renamed, "{case}: finished says what failed says");
    assert_ne!(finished["id"], failed["id"], "{case}");
}

/// `GET /v1/events/{id}/runs`.
fn runs(stage: &Stage, event: &str) -> Result<Value, Failed> {
    let address = stage.host().address().expect("it listens");
    let (status, body) = process::request(address, "GET", &format!("/v1/events/{event}/runs"), &[], b"")?;
    assert_eq!(status, 200, "{body}");
    Ok(serde_json::from_str(&body)?)
}

/// The arguments of the handler's run.
fn handlers_output(stage: &Stage, told: &Told) -> Result<Value, Failed> {
    let runs = runs(stage, told.failed_id.as_deref().expect("it has failed"))?;
    let handled: Vec<_> = runs["data"].as_array().into_iter().flatten().collect();
    let [run] = handled.as_slice() else { panic!("one handler runs: {runs}") };
    Ok(run["output"].clone())
}
