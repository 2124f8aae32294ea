//! A run's history as text, so that a scenario's expectation can be read like the vector that it stands for.
//!
//! Ids and stacks are left out, runs are numbered in the order in which they were started, times count from the
//! scenario's start, and a delay of Inngest's table with its jitter is written `d(k)`. The time at which such a delay
//! is over is named where it is announced (`r1`, `r2`, …), and by that name wherever something happens then.

use std::collections::HashMap;
use std::fmt::Write as _;

use stepwell::model::{Awaited, Entry, Event, Failure, HeldBy, Json, Kind, Millis, Outcome, Record, RunId};
use stepwell::store::RunView;

use crate::clock::START;

/// Inngest's table in seconds, written down here once more so that the host's cannot be wrong unnoticed.
const TABLE_S: [u64; 10] = [15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200];

/// Longer texts are cut in the rendering.
const TEXT_MAX: usize = 160;

/// Renders runs (oldest first) and the lifecycle events that were stored.
pub fn history(runs: &[RunView], events: &[std::sync::Arc<Event>]) -> String {
    let names = Names::of(runs);
    let mut text = String::new();
    for run in runs {
        render_run(&mut text, run, &names);
    }
    // Which of several runs that end at the same time comes first is nobody's promise.
    let mut told: Vec<_> = events.iter().filter(|event| is_lifecycle(event)).collect();
    told.sort_by_key(|event| (event.at, names.of_event(event)));
    for event in told {
        render_event(&mut text, event, &names);
    }
    text
}

/// Of a run's end; not that by which a run was invoked.
fn is_lifecycle(event: &Event) -> bool {
    event.name.starts_with("inngest/function.") && !event.name.ends_with(".invoked")
}

/// Names for values that differ from one seed to the next.
struct Names {
    runs: HashMap<RunId, usize>,
    /// When jittered delays are over, in the order in which they were announced.
    retries: Vec<Millis>,
}

impl Names {
    fn of(runs: &[RunView]) -> Self {
        let announced = runs.iter().flat_map(|run| &run.journal).filter_map(|record| match record.entry {
            Entry::StepRetry { retry_at, .. } | Entry::BodyRetry { retry_at, .. } => Some(retry_at),
            _ => None,
        });
        Self {
            runs: runs.iter().enumerate().map(|(index, run)| (run.id, index + 1)).collect(),
            retries: announced.filter(|at| !is_whole(*at)).collect(),
        }
    }

    /// The number of the run whose end the event tells.
    fn of_event(&self, event: &Event) -> usize {
        let run = event.json.to_value()["data"]["run_id"].as_str().expect("it names its run").parse::<RunId>();
        self.runs[&run.expect("a run id")]
    }

    /// Seconds since the start, or since the retry before it; `+?` for a time that nothing has led to.
    fn at(&self, time: Millis) -> String {
        if is_whole(time) {
            return format!("+{}s", (time - START) / 1_000);
        }
        let since = |retry: &Millis| time.checked_sub(*retry).filter(|since| since % 1_000 == 0);
        let retries = self.retries.iter().enumerate();
        match retries.filter_map(|(index, retry)| Some((since(retry)?, index + 1))).min() {
            Some((0, number)) => format!("r{number}"),
            Some((since, number)) => format!("r{number}+{}s", since / 1_000),
            None => "+?".into(),
        }
    }

    /// With runs' numbers for their ids.
    fn without_ids(&self, text: &str) -> String {
        let number = |text: String, (id, number): (&RunId, &usize)| text.replace(&id.to_string(), &number.to_string());
        self.runs.iter().fold(text.to_owned(), number)
    }

    fn delay(&self, attempt: u32, from: Millis, to: Millis) -> String {
        let ms = to - from;
        let slot = TABLE_S[(attempt as usize).min(TABLE_S.len() - 1)] * 1_000;
        match !is_whole(ms + START) && (slot..slot + 30_000).contains(&ms) {
            true => format!("d({attempt}), at {}", self.at(to)),
            false => format!("{ms} ms"),
        }
    }
}

fn is_whole(time: Millis) -> bool {
    time.saturating_sub(START).is_multiple_of(1_000)
}

fn render_run(text: &mut String, run: &RunView, names: &Names) {
    let _ = write!(text, "run {} of {}", names.runs[&run.id], run.function);
    if let Some(failed) = run.failed_run {
        let _ = write!(text, ", handles run {}", names.runs[&failed]);
    }
    text.push('\n');
    for record in &run.journal {
        let _ = writeln!(text, "  {} {}", names.at(record.at), entry(record, names));
    }
    match &run.ended {
        None => {
            let due = run.due.map_or_else(|| "nothing".into(), |due| names.at(due));
            let held =
                run.held_by.as_ref().map(|held| format!(", held by {}", held_by(held, names))).unwrap_or_default();
            let gathers = run.gathers.map(|events| format!(", has gathered {events}")).unwrap_or_default();
            let _ = writeln!(text, "  waits until {due}{held}{gathers}");
        }
        Some(ended) => {
            let outcome = match &ended.outcome {
                Outcome::Completed(value) => format!("completed: {}", cut(value.as_str())),
                Outcome::Failed(failure) => format!("failed: {}", error(failure)),
                Outcome::Cancelled { reason } => format!("cancelled: {}", names.without_ids(reason)),
                Outcome::Skipped { reason } => format!("skipped: {reason}"),
            };
            let _ = writeln!(text, "  {} {outcome}", names.at(ended.at));
        }
    }
    for line in &run.log {
        let _ = writeln!(text, "  log {}: {}", line.level, cut(&line.message));
    }
}

fn held_by(held: &HeldBy, names: &Names) -> String {
    let (what, of) = match held {
        HeldBy::Concurrency { limit, of } => (format!("concurrency {limit}"), of),
        HeldBy::RunConcurrency { limit, of } => (format!("run concurrency {limit}"), of),
        HeldBy::Throttle { limit, until, of, .. } => (format!("throttle {limit} until {}", names.at(*until)), of),
    };
    of.as_ref().map_or(what.clone(), |of| format!("{what} of {of}"))
}

fn entry(record: &Record, names: &Names) -> String {
    match &record.entry {
        Entry::Step { key, attempt, value: Ok(value), .. } => {
            format!("step {key} attempt {attempt} = {}", cut(value.as_str()))
        }
        Entry::Step { key, attempt, value: Err(failure), .. } => {
            format!("step {key} attempt {attempt} failed for good: {}", error(failure))
        }
        Entry::StepRetry { key, error: failure, retry_at, .. } => {
            let delay = names.delay(failure.attempt, record.at, *retry_at);
            format!("step {key} attempt {} failed, again after {delay}: {}", failure.attempt, error(failure))
        }
        Entry::Sleep { key, until } => format!("sleep {key} until {}", names.at(*until)),
        Entry::Woke { key } => format!("sleep {key} over"),
        Entry::BodyRetry { error: failure, retry_at } => {
            let delay = names.delay(failure.attempt, record.at, *retry_at);
            format!("body attempt {} failed, again after {delay}: {}", failure.attempt, error(failure))
        }
        Entry::Interrupted => "interrupted".into(),
        Entry::Began => "begins".into(),
        Entry::Replays { of, from, input } => {
            let from = from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
            let input = input.as_ref().map(|input| format!(" with input {}", cut(input.as_str()))).unwrap_or_default();
            format!("does run {} over{from}{input}", names.runs[of])
        }
        Entry::Waits { key, what, until } => {
            let until = until.map(|until| format!(" until {}", names.at(until))).unwrap_or_default();
            match what {
                Awaited::Event { name } => format!("{key} waits for {name}{until}"),
                Awaited::Invocation { function } => format!("{key} invokes {function}{until}"),
                Awaited::Signal { signal } => format!("{key} waits for signal {signal}{until}"),
                Awaited::Signalling { signal } => format!("{key} sends signal {signal}"),
                Awaited::Sending { events } => format!("{key} sends {events} events"),
                Awaited::Response { method, host } => format!("{key} fetches {method} {host}"),
            }
        }
        Entry::Answered { key, value: Ok(value) } => format!("{key} answered: {}", cut(&without_ids(value))),
        Entry::Answered { key, value: Err(failure) } => format!("{key} failed: {}", error(failure)),
    }
}

/// The ids that the host gave to events differ from one run of the test to the next.
fn without_ids(value: &Json) -> String {
    let mut value = value.to_value();
    if let Some(ids) = value.get_mut("ids").and_then(|ids| ids.as_array_mut()) {
        ids.fill("ID".into());
    }
    if value.get("run_id").is_some_and(serde_json::Value::is_string) {
        value["run_id"] = "ID".into();
    }
    if value.get("name").is_some() && value.get("ts").is_some() {
        value["id"] = "ID".into();
        value["ts"] = "TS".into();
    }
    value.to_string()
}

fn error(failure: &Failure) -> String {
    let mut text = String::new();
    if failure.kind != Kind::Application {
        let _ = write!(text, "[{:?}] ", failure.kind);
    }
    let _ = write!(text, "{}: {}", failure.name, cut(&failure.message));
    if let Some(code) = &failure.code {
        let _ = write!(text, " (code {code})");
    }
    if let Some(step) = &failure.step {
        let _ = write!(text, " (step {step})");
    }
    for cause in &failure.causes {
        let _ = write!(text, " ← {}: {}", cause.name, cut(&cause.message));
    }
    text
}

fn render_event(text: &mut String, event: &Event, names: &Names) {
    let json = event.json.to_value();
    let data = &json["data"];
    let _ = write!(text, "event {} of run {}, {}", event.name, names.of_event(event), data["_inngest"]["status"]);
    if json["id"] == data["run_id"] {
        text.push_str(", id = run id");
    }
    for (key, value) in data["error"].as_object().into_iter().flatten() {
        if key != "stack" && key != "cause" {
            let _ = write!(text, "\n  error.{key} = {}", cut(&value.to_string()));
        }
    }
    if let Some(result) = data.get("result").filter(|_| data.get("error").is_none()) {
        let _ = write!(text, "\n  result = {}", cut(&result.to_string()));
    }
    let _ = writeln!(text, "\n  events = {}", data["events"].as_array().map_or(0, Vec::len));
}

fn cut(text: &str) -> String {
    // Where the checkout lies is nobody's business: panics name files.
    let root = crate::guests::root().canonicalize().expect("the repository is there");
    let line = text.replace(&format!("{}/", root.display()), "").replace('\n', "⏎");
    match line.char_indices().nth(TEXT_MAX) {
        None => line,
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], text.len()),
    }
}
