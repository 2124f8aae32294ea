//! A run's history as text, so that a scenario's expectation can be read like the vector that it stands for.
//!
//! Ids and stacks are left out, runs are numbered in the order in which they were started, times count from the
//! scenario's start, and a delay of Inngest's table with its jitter is written `d(k)`.

use std::collections::HashMap;
use std::fmt::Write as _;

use stepwell::model::{Entry, Event, Failure, Kind, Millis, Outcome, Record, RunId};
use stepwell::store::RunView;

use crate::clock::START;

/// Inngest's table in seconds, written down here once more so that the host's cannot be wrong unnoticed.
const TABLE_S: [u64; 10] = [15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200];

/// Longer texts are cut in the rendering.
const TEXT_MAX: usize = 160;

/// Renders runs (oldest first) and the lifecycle events that were stored.
pub fn history(runs: &[RunView], events: &[std::sync::Arc<Event>]) -> String {
    let numbers: HashMap<RunId, usize> = runs.iter().enumerate().map(|(index, run)| (run.id, index + 1)).collect();
    let mut text = String::new();
    for run in runs {
        render_run(&mut text, run, &numbers);
    }
    for event in events.iter().filter(|event| event.name.starts_with("inngest/")) {
        render_event(&mut text, event, &numbers);
    }
    text
}

fn render_run(text: &mut String, run: &RunView, numbers: &HashMap<RunId, usize>) {
    let _ = write!(text, "run {} of {}", numbers[&run.id], run.function);
    if let Some(failed) = run.failed_run {
        let _ = write!(text, ", handles run {}", numbers[&failed]);
    }
    text.push('\n');
    for record in &run.journal {
        let _ = writeln!(text, "  {} {}", at(record.at), entry(record));
    }
    match &run.ended {
        None => {
            let due = run.due.map_or_else(|| "nothing".into(), at);
            let _ = writeln!(text, "  waits until {due}");
        }
        Some(ended) => {
            let outcome = match &ended.outcome {
                Outcome::Completed(value) => format!("completed: {}", cut(value.as_str())),
                Outcome::Failed(failure) => format!("failed: {}", error(failure)),
            };
            let _ = writeln!(text, "  {} {outcome}", at(ended.at));
        }
    }
    for line in &run.log {
        let _ = writeln!(text, "  log {}: {}", line.level, cut(&line.message));
    }
}

fn entry(record: &Record) -> String {
    match &record.entry {
        Entry::Step { key, attempt, value: Ok(value), .. } => {
            format!("step {key} attempt {attempt} = {}", cut(value.as_str()))
        }
        Entry::Step { key, attempt, value: Err(failure), .. } => {
            format!("step {key} attempt {attempt} failed for good: {}", error(failure))
        }
        Entry::StepRetry { key, error: failure, retry_at, .. } => {
            let delay = delay(failure.attempt, retry_at - record.at);
            format!("step {key} attempt {} failed, again after {delay}: {}", failure.attempt, error(failure))
        }
        Entry::Sleep { key, until } => format!("sleep {key} until {}", at(*until)),
        Entry::Woke { key } => format!("sleep {key} over"),
        Entry::BodyRetry { error: failure, retry_at } => {
            let delay = delay(failure.attempt, retry_at - record.at);
            format!("body attempt {} failed, again after {delay}: {}", failure.attempt, error(failure))
        }
        Entry::Interrupted => "interrupted".into(),
    }
}

/// Seconds since the start; within the slot of a retry's jitter a time has no exact value, so whole slots are not shown
/// but `~`.
fn at(time: Millis) -> String {
    let since = time.saturating_sub(START);
    match since {
        0 => "+0s".into(),
        since if since % 1_000 == 0 => format!("+{}s", since / 1_000),
        _ => "+~".into(),
    }
}

fn delay(attempt: u32, ms: Millis) -> String {
    let slot = TABLE_S[(attempt as usize).min(TABLE_S.len() - 1)] * 1_000;
    let exact = ms % 1_000 == 0;
    if !exact && (slot..slot + 30_000).contains(&ms) { format!("d({attempt})") } else { format!("{ms} ms") }
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

fn render_event(text: &mut String, event: &Event, numbers: &HashMap<RunId, usize>) {
    let json = event.json.to_value();
    let data = &json["data"];
    let run: RunId = data["run_id"].as_str().expect("lifecycle events name their run").parse().expect("a run id");
    let _ = write!(text, "event {} of run {}, {}", event.name, numbers[&run], data["_inngest"]["status"]);
    if event.name.ends_with(".failed") && json["id"] == data["run_id"] {
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
