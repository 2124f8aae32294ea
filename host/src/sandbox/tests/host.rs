//! A host for the tests: runs every step in place, keeps what was said.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::model::{Failure, Json, OpKey};
use crate::sandbox::{Control, Decision, Found, Line, Resolved, StepHost, Usage};

/// Steps in [`Tape::recorded`] are memoized; others run in place.
#[derive(Debug, Default)]
pub struct Tape {
    pub recorded: HashMap<OpKey, Json>,
    pub results: VecDeque<Resolved>,
    pub order: u32,
    pub found: Vec<Found>,
    pub finished: Vec<(OpKey, Result<Json, Failure>)>,
    pub lines: Vec<Line>,
    pub usage: Option<Usage>,
    pub refuses: Option<Failure>,
    pub failed: HashMap<OpKey, Json>,
    /// Whether a request may leave.
    pub clear: bool,
    pub cancellation: CancellationToken,
}

/// Results are recorded this much later, each.
pub const STEP_MS: u64 = 1_000;
pub const STARTED: u64 = 1_700_000_000_000;

impl Tape {
    fn deliver(&mut self, key: OpKey, value: Result<Json, Failure>) {
        let at = STARTED + STEP_MS * u64::from(self.order + 1);
        self.results.push_back(Resolved { key, value, at, order: self.order });
        self.order += 1;
    }

    pub fn messages(&self) -> Vec<String> {
        self.lines.iter().map(|line| format!("{}: {}", line.level, line.message)).collect()
    }
}

/// The tape, which the test gets back through a shared handle.
#[derive(Clone, Default)]
pub struct Player(pub std::sync::Arc<std::sync::Mutex<Tape>>);

impl Player {
    pub fn tape(&self) -> std::sync::MutexGuard<'_, Tape> {
        self.0.lock().expect("no test panicked while it held it")
    }
}

#[async_trait]
impl StepHost for Player {
    fn plan(&mut self, found: Vec<Found>, usage: Usage) -> Result<Vec<Decision>, Failure> {
        let mut tape = self.tape();
        if let Some(refusal) = &tape.refuses {
            return Err(refusal.clone());
        }
        tape.usage = Some(usage);
        tape.found.extend(found.iter().cloned());
        let mut decisions = Vec::new();
        for found in found {
            match tape.recorded.get(&found.key).cloned() {
                Some(value) => {
                    tape.deliver(found.key, Ok(value));
                    decisions.push(Decision::Noted);
                }
                None => decisions.push(Decision::Run { attempt: 0 }),
            }
        }
        Ok(decisions)
    }

    fn finish(&mut self, key: OpKey, value: Result<Json, Failure>) -> Result<Control, Failure> {
        let mut tape = self.tape();
        tape.finished.push((key.clone(), value.clone()));
        tape.deliver(key, value);
        Ok(Control::Proceed)
    }

    fn next(&mut self) -> Option<Resolved> {
        self.tape().results.pop_front()
    }

    fn step_input(&mut self, _key: &OpKey) -> Option<Json> {
        None
    }

    async fn failed_step(&mut self, key: OpKey) -> Option<Result<Json, Failure>> {
        tokio::task::yield_now().await;
        self.tape().failed.get(&key).cloned().map(Ok)
    }

    fn log(&mut self, line: Line) {
        self.tape().lines.push(line);
    }

    fn cancellation(&mut self) -> CancellationToken {
        self.tape().cancellation.clone()
    }

    fn clear_to_send(&mut self) -> Pin<Box<dyn Future<Output = bool> + Send>> {
        let clear = self.tape().clear;
        Box::pin(async move {
            tokio::task::yield_now().await;
            clear
        })
    }
}
