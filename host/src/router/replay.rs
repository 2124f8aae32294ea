//! Doing a run over: from its beginning, from one of its steps, or with all that had succeeded.

use serde_json::{Value, json};

use super::{FAILED, Router, conditions};
use crate::expression::{self, Expression};
use crate::model::{Entry, Event, Json, Millis, NewRun, OpKey, Outcome, Record, RunId};
use crate::registry::{self, Cause, Rules};
use crate::store::{self, Repeat, Replay, Replayed, RunView};

pub use crate::store::Code;

/// The part of the run that is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// Nothing: all is done again.
    Beginning,
    /// All that had succeeded. What had failed is tried again.
    Unfinished,
    /// Everything that was recorded before that step, which may get another input than the code's own.
    Step { key: OpKey, input: Option<Json> },
}

/// The reason why a run is not replayed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("run {0} has not ended: cancel it first, or wait for its end")]
    Unended(RunId),
    #[error("run {0} has no events any more")]
    NoEvents(RunId),
    #[error("run {run} has no step {step:?}: it has {}", names(.known))]
    NoSuchStep { run: RunId, step: OpKey, known: Vec<OpKey> },
    #[error("function {0:?} is not live: load its plugin, or ask for the version that the run was on")]
    NotLive(String),
    #[error("the version that the run was on cannot be had: {0}")]
    Gone(registry::Error),
    #[error("{0}")]
    Refused(&'static str),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// See [`store::Error::overtaken_by`].
    fn overtaken_by(&self) -> Option<u64> {
        match self {
            Self::Store(error) => error.overtaken_by(),
            _ => None,
        }
    }
}

/// A condition on failed runs: CEL over `event`, a run's `inngest/function.failed`.
#[derive(Debug)]
pub struct FailureFilter(Expression);

impl FailureFilter {
    pub fn read(source: &str) -> Result<Self, expression::Error> {
        Expression::compile(source).map(Self)
    }

    /// Whether it is true of the run, which has failed, and of its first event. What cannot be decided is not.
    pub fn fits(&self, run: &RunView, event: Option<&Event>) -> bool {
        let error = match run.ended.as_ref().map(|ended| &ended.outcome) {
            Some(Outcome::Failed(failure)) => failure.to_event_error(failure.attempt + 1),
            _ => Value::Null,
        };
        let event = event.map_or(Value::Null, |event| event.json.to_value());
        let (function_id, run_id) = (run.function.composite(), run.id.to_string());
        let data = json!({ "function_id": function_id, "run_id": run_id, "event": event, "error": error });
        self.0.matches(&Json::of(&json!({ "name": FAILED, "data": data }))).unwrap_or(false)
    }
}

fn names(keys: &[OpKey]) -> String {
    match keys {
        [] => "none".to_owned(),
        keys => keys.iter().map(|key| format!("{:?}", key.to_string())).collect::<Vec<_>>().join(", "),
    }
}

impl Router {
    /// Starts a run that does this one over, with its events. `Once`: unless that was done before.
    pub async fn replay(&self, run: &RunView, start: &Start, code: Code, repeat: Repeat) -> Result<Replayed, Error> {
        if run.ended.is_none() {
            return Err(Error::Unended(run.id));
        }
        let event = match run.events.first() {
            Some(event) => self.store.event(&run.function.namespace, *event).await?,
            None => None,
        };
        let event = event.ok_or(Error::NoEvents(run.id))?;
        let event = &event;
        let attempt = || async move {
            let (generation, new) = self.plan_replay(run, event, code).await?;
            let records = kept(run, start, self.clock.now())?;
            match self.store.replay(generation, Replay { run: new, records, repeat }).await? {
                Replayed::Refused(why) => Err(Error::Refused(why)),
                replayed => Ok(replayed),
            }
        };
        self.registry.planned(Error::overtaken_by, attempt).await
    }

    async fn plan_replay(&self, run: &RunView, event: &Event, code: Code) -> Result<(u64, NewRun), Error> {
        let snapshot = self.registry.snapshot();
        let (version, rules, cancel_on) = match code {
            Code::Live => {
                let live = snapshot.find(&run.function).ok_or_else(|| Error::NotLive(run.function.composite()))?;
                (live.version, live.rules.clone(), live.definition.cancel_on.clone())
            }
            Code::Same => {
                let code = self.registry.code(run.version, &run.function).await.map_err(Error::Gone)?;
                // The expression compiled when that version was loaded.
                let rules = Rules::compile(&run.function, &code.definition).ok().flatten();
                (run.version, rules, code.definition.cancel_on.clone())
            }
        };
        let new = self.new_run(run.function.clone(), version, run.failed_run);
        let (door, terms) = conditions(rules.as_deref(), event, &new, Cause::Schedule).unwrap_or_default();
        Ok((snapshot.generation, NewRun { replay_of: Some(run.id), door, terms, cancel_on, ..new }))
    }
}

/// The journal that the new run begins with.
fn kept(run: &RunView, start: &Start, now: Millis) -> Result<Vec<Record>, Error> {
    let (mut entries, from, input) = match start {
        Start::Beginning => (Vec::new(), None, None),
        Start::Unfinished => {
            (results(&run.journal, |record| matches!(record.entry.result(), Some((_, Ok(_))))), None, None)
        }
        Start::Step { key, input } => {
            let begun = run.journal.iter().find(|record| record.entry.key() == Some(key)).map(|record| record.order);
            let begun = begun.ok_or_else(|| no_such_step(run, key))?;
            (results(&run.journal, |record| record.order < begun), Some(key.clone()), input.clone())
        }
    };
    entries.push(Entry::Replays { of: run.id, from, input });
    let record = |(order, entry)| Record { order: order as u32, at: now, entry };
    Ok(entries.into_iter().enumerate().map(record).collect())
}

/// The results that are kept, each behind what says which kind of operation it is of.
fn results(journal: &[Record], is_kept: impl Fn(&Record) -> bool) -> Vec<Entry> {
    let kept = |record: &&Record| record.entry.is_result() && is_kept(record);
    let noted = |key: &OpKey| {
        let is_note = |entry: &&Entry| matches!(entry, Entry::Sleep { .. } | Entry::Waits { .. });
        journal.iter().map(|record| &record.entry).filter(is_note).find(|entry| entry.key() == Some(key)).cloned()
    };
    let with_note = |record: &Record| [record.entry.key().and_then(noted), Some(record.entry.clone())];
    journal.iter().filter(kept).flat_map(with_note).flatten().collect()
}

fn no_such_step(run: &RunView, step: &OpKey) -> Error {
    let mut known: Vec<OpKey> = run.journal.iter().filter_map(|record| record.entry.key().cloned()).collect();
    known.sort();
    known.dedup();
    Error::NoSuchStep { run: run.id, step: step.clone(), known }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{
        Awaited, Digest, Ended, Failure, FunctionKey, IdSource, Kind, Namespace, Outcome, PluginName, Role, Status,
    };

    fn key(id: &str) -> OpKey {
        OpKey::new(id, 0)
    }

    fn step(id: &str, value: Result<Json, Failure>) -> Entry {
        Entry::Step { key: key(id), attempt: 0, started: 1, value }
    }

    fn run(entries: Vec<Entry>) -> RunView {
        let ids = IdSource::new(0, [0; 32]);
        let function = FunctionKey {
            namespace: Namespace::default(),
            plugin: PluginName::new("p").expect("a name"),
            function: "f".into(),
            role: Role::Main,
        };
        let id = ids.run(1);
        let journal = entries.into_iter().enumerate();
        RunView {
            id,
            function: Arc::new(function),
            version: Digest([0; 32]),
            events: vec![ids.event(1)],
            failed_run: None,
            replay_of: None,
            replays: Vec::new(),
            status: Status::Failed,
            has_begun: true,
            due: None,
            held_by: None,
            gathers: None,
            ended: Some(Ended { run: id, at: 9, outcome: Outcome::Completed(Json::null()), started: Vec::new() }),
            journal: journal.map(|(order, entry)| Record { order: order as u32, at: 5, entry }).collect(),
            log: Vec::new(),
        }
    }

    #[test]
    fn what_had_succeeded_is_kept() {
        let error = Failure::of_host(Kind::Application, "Error", "x");
        let waits = Entry::Waits { key: key("w"), what: Awaited::Event { name: "e".into() }, until: None };
        let answered = Entry::Answered { key: key("w"), value: Ok(Json::null()) };
        let nap = Entry::Sleep { key: key("nap"), until: 9 };
        let entries = vec![
            Entry::Began,
            step("a", Ok(Json::null())),
            waits.clone(),
            nap.clone(),
            Entry::StepRetry { key: key("b"), started: 1, error: error.clone(), retry_at: 2 },
            answered.clone(),
            step("c", Err(error.clone())),
            Entry::Woke { key: key("nap") },
            step("b", Err(error.clone())),
        ];
        let run = run(entries);
        let kept = |start: &Start| {
            let records = kept(&run, start, 77).expect("planned");
            assert!(records.iter().enumerate().all(|(n, record)| record.order == n as u32 && record.at == 77));
            records.into_iter().map(|record| record.entry).collect::<Vec<_>>()
        };
        let replays = |from: Option<OpKey>, input: Option<Json>| Entry::Replays { of: run.id, from, input };
        let woke = Entry::Woke { key: key("nap") };
        let a = step("a", Ok(Json::null()));
        assert_eq!(kept(&Start::Beginning), [replays(None, None)]);
        let all = [a.clone(), waits.clone(), answered.clone(), nap, woke, replays(None, None)];
        assert_eq!(kept(&Start::Unfinished), all);
        let input = Some(Json::trusted("[1]"));
        let from_b = Start::Step { key: key("b"), input: input.clone() };
        assert_eq!(
            kept(&from_b),
            [a.clone(), replays(Some(key("b")), input)],
            "its first attempt came before the answer"
        );
        let from_c = Start::Step { key: key("c"), input: None };
        assert_eq!(kept(&from_c), [a, waits, answered, replays(Some(key("c")), None)]);
        let error = super::kept(&run, &Start::Step { key: key("z"), input: None }, 1).expect_err("unknown").to_string();
        assert!(error.ends_with(r#"has no step z: it has "a", "b", "c", "nap", "w""#), "{error}");
    }
}
