//! Promises that hold, whatever happens.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use stepwell::model::{Entry, Outcome, Role, RunId, Status};
use stepwell::store::RunView;

use super::plan::FUNCTIONS;
use super::stage::Seen;

/// How often a failure handler is retried.
const HANDLER_RETRIES: u32 = 1;

/// A run's journal has no gaps, and a result that was there stays what it was.
pub fn journal(run: &RunView, known: &mut HashMap<(RunId, String), String>) -> Result<(), String> {
    let mut keys = BTreeSet::new();
    for (n, record) in run.journal.iter().enumerate() {
        if record.order != n as u32 {
            return Err(format!("run {}: record {} stands where {n} is due", run.id, record.order));
        }
        let Some((key, value)) = record.entry.result() else { continue };
        if !keys.insert(key.to_string()) {
            return Err(format!("run {}: operation {key} has two results", run.id));
        }
        let value = format!("{value:?}");
        let before = known.entry((run.id, key.to_string())).or_insert_with(|| value.clone());
        if *before != value {
            return Err(format!("run {}: operation {key} came to {before} and then to {value}", run.id));
        }
    }
    Ok(())
}

/// Of whose runs one may be under way for each key.
pub fn is_singleton(run: &RunView) -> bool {
    run.function.role == Role::Main && ["skip", "take"].contains(&&*run.function.function)
}

/// At rest no two runs have one lock, whatever they wait for. `locked`: unended runs of singletons, with their keys.
pub fn locks(locked: &[(&RunView, Value)]) -> Result<(), String> {
    let mut locks = BTreeSet::new();
    for (run, key) in locked {
        if !locks.insert((&run.function, key.to_string())) {
            return Err(format!("two runs of {} are under way under key {key}, one of them {}", run.function, run.id));
        }
    }
    Ok(())
}

pub fn all(runs: &[RunView], seen: &Seen) -> Result<(), String> {
    everybody_ends(runs)?;
    failures_are_handled_once(runs)?;
    events_are_heard(runs, seen)?;
    runs.iter().try_for_each(attempts)?;
    runs.iter().try_for_each(output)
}

fn everybody_ends(runs: &[RunView]) -> Result<(), String> {
    match runs.iter().find(|run| run.ended.is_none()) {
        Some(run) => {
            Err(format!("run {} of {} never ends: {:?}, due {:?}", run.id, run.function, run.held_by, run.due))
        }
        None => Ok(()),
    }
}

/// Each failed run has one handler run, and others have none.
fn failures_are_handled_once(runs: &[RunView]) -> Result<(), String> {
    for run in runs.iter().filter(|run| run.function.role == Role::Main) {
        let handlers = runs.iter().filter(|other| other.failed_run == Some(run.id)).count();
        let has_handler = &*run.function.function != "hears-failures";
        let wanted = usize::from(run.status == Status::Failed && has_handler);
        if handlers != wanted {
            return Err(format!(
                "run {} of {} is {:?} and has {handlers} handler runs",
                run.id, run.function, run.status
            ));
        }
        let heard = runs.iter().filter(|other| hears(other, run.id)).count();
        if run.status == Status::Failed && has_handler && heard != 1 {
            return Err(format!("the failure of run {} was heard {heard} times", run.id));
        }
    }
    Ok(())
}

/// Whether it is the listener's run for that failure.
fn hears(run: &RunView, failed: RunId) -> bool {
    let outcome = run.ended.as_ref().map(|ended| &ended.outcome);
    let is_it = |value: &str| value == format!("\"{failed}\"");
    &*run.function.function == "hears-failures"
        && matches!(outcome, Some(Outcome::Completed(value)) if is_it(value.as_str()))
}

/// Each acknowledged event has started what it was to start: nothing is lost, nothing started twice.
fn events_are_heard(runs: &[RunView], seen: &Seen) -> Result<(), String> {
    for (function, _) in FUNCTIONS {
        let name = format!("sim/{function}");
        let sent = seen.acknowledged.iter().filter(|sent| sent.name == name).count();
        let own = || runs.iter().filter(|run| run.function.composite() == format!("sim-{function}"));
        // A run that is invoked, or started by an event that a run has sent, is nobody's that was sent from here.
        if function == "plain" {
            if own().count() < sent {
                return Err(format!("{sent} events were to start {function}, {} runs are there", own().count()));
            }
            continue;
        }
        let events: usize = own().map(|run| run.events.len()).sum();
        let fits = match function {
            "once" | "rare" => own().count() <= sent,
            // A debounced run stands for any number of events.
            "calm" => own().count() <= sent && (sent == 0 || own().count() > 0),
            // What was not acknowledged was sent again, and a batch does not know one event from the other.
            "batch" => events >= sent,
            // While the function is paused each sending is skipped anew.
            _ => own().count() >= sent && own().filter(|run| !was_paused(run)).count() <= sent,
        };
        if !fits {
            return Err(format!("{sent} events were to start {function}: {} runs of {events} events", own().count()));
        }
    }
    Ok(())
}

fn was_paused(run: &RunView) -> bool {
    let outcome = run.ended.as_ref().map(|ended| &ended.outcome);
    matches!(outcome, Some(Outcome::Skipped { reason }) if reason.contains("paused"))
}

/// Each step had the attempts that its outcome takes: a crash uses none.
fn attempts(run: &RunView) -> Result<(), String> {
    let retries = match run.function.role {
        Role::Failure => HANDLER_RETRIES,
        Role::Main => {
            FUNCTIONS.iter().find(|(name, _)| *name == &*run.function.function).map_or(4, |(_, retries)| *retries)
        }
    };
    let mut failed: HashMap<String, u32> = HashMap::new();
    for record in &run.journal {
        match &record.entry {
            Entry::StepRetry { key, error, .. } => {
                let count = failed.entry(key.to_string()).or_default();
                if error.attempt != *count {
                    return Err(format!(
                        "run {}: attempt {} of step {key} where {count} is due",
                        run.id, error.attempt
                    ));
                }
                *count += 1;
            }
            Entry::Step { key, attempt, value, .. } => {
                let before = failed.get(&key.to_string()).copied().unwrap_or_default();
                let has_more = value
                    .as_ref()
                    .is_err_and(|error| error.message == "told to fail" || error.message.contains("told to panic"))
                    && *attempt != retries;
                if *attempt != before || *attempt > retries || has_more {
                    return Err(format!("run {}: step {key} ended at attempt {attempt}: {value:?}", run.id));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The body saw what the journal has.
fn output(run: &RunView) -> Result<(), String> {
    let Some(Outcome::Completed(output)) = run.ended.as_ref().map(|ended| &ended.outcome) else { return Ok(()) };
    let Value::Array(seen) = output.to_value() else { return Ok(()) };
    for one in seen {
        let id = one["id"].as_str().unwrap_or_default();
        let recorded = run.journal.iter().find_map(|record| match &record.entry {
            Entry::Step { key, value: Ok(value), .. } if &*key.id == id => Some(value.to_value()),
            _ => None,
        });
        if recorded.is_some_and(|recorded| recorded != one["value"]) {
            return Err(format!("run {}: the body saw {one}, which the journal does not have", run.id));
        }
    }
    Ok(())
}
