//! The host's answers, as far as people are shown them.

use chrono::DateTime;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A time: milliseconds since 1970, and as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    pub ms: i64,
    pub text: String,
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text).map_err(serde::de::Error::custom)?;
        Ok(Self { ms: time.timestamp_millis(), text })
    }
}

impl Time {
    /// To the second, for listings.
    pub fn short(&self) -> String {
        self.text.split('.').next().unwrap_or_default().replace('T', " ")
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Runs {
    pub runs: Vec<Run>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Run {
    pub run_id: String,
    pub function_id: String,
    pub version: String,
    pub status: String,
    pub queued_at: Time,
    pub due_at: Option<Time>,
    pub ended_at: Option<Time>,
    pub failed_run_id: Option<String>,
    #[serde(default)]
    pub replay_of: Option<String>,
    pub error: Option<Brief>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Brief {
    pub name: String,
    pub message: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Detail {
    pub run: Run,
    pub events: Vec<Value>,
    pub output: Option<Value>,
    pub error: Option<Error>,
    #[serde(default)]
    pub cancelled: Option<String>,
    #[serde(default)]
    pub skipped: Option<String>,
    #[serde(default)]
    pub held_by: Option<Hold>,
    #[serde(default)]
    pub gathers: Option<u32>,
    #[serde(default)]
    pub waits_for: Vec<Line>,
    pub journal: Vec<Line>,
    pub log: Vec<Log>,
    pub started: Vec<String>,
    #[serde(default)]
    pub replays: Vec<String>,
    pub handler: Option<Handler>,
}

/// A limit that keeps a run from being executed.
#[derive(Debug, Clone, Deserialize)]
pub struct Hold {
    pub by: String,
    pub limit: u32,
    pub period_ms: Option<i64>,
    pub of: Option<String>,
    pub until: Option<Time>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Handler {
    pub run_id: String,
    pub status: String,
}

/// A bulk retry, and how far it has come.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct BulkRetry {
    pub id: String,
    pub retried: u64,
    pub already: u64,
    pub refused: u64,
    pub refusals: Vec<Refusal>,
    pub is_finished: bool,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Refusal {
    pub run_id: String,
    pub reason: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Error {
    pub kind: String,
    pub name: String,
    pub message: String,
    pub stack: Option<String>,
    pub code: Option<String>,
    pub details: Option<Value>,
    pub causes: Vec<Cause>,
    pub step: Option<Step>,
    pub attempt: u32,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Cause {
    pub name: String,
    pub message: String,
    pub stack: Option<String>,
    pub code: Option<String>,
    pub details: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Step {
    pub id: String,
    pub n: u32,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.n {
            0 => f.write_str(&self.id),
            n => write!(f, "{} (use {})", self.id, n + 1),
        }
    }
}

/// A line of the journal.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    pub at: Time,
    pub what: What,
    pub step: Option<Step>,
    pub attempt: Option<u32>,
    pub until: Option<Time>,
    pub awaited: Option<String>,
    pub output: Option<Value>,
    pub error: Option<Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    StepCompleted,
    StepFailed,
    StepRetry,
    Sleep,
    Woke,
    BodyRetry,
    Interrupted,
    WaitsForEvent,
    Invokes,
    Sends,
    WaitsForSignal,
    Signals,
    Fetches,
    Answered,
    Began,
    Replays,
    /// Of a host that knows more.
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Log {
    pub at: Time,
    pub level: String,
    pub message: String,
    pub fields: Option<Value>,
    pub step: Option<Step>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Failures {
    pub failures: Vec<FailedRun>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct FailedRun {
    pub run: Run,
    pub handler: Option<Handler>,
    pub is_dead_letter: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Functions {
    pub functions: Vec<Function>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Function {
    pub function_id: String,
    pub name: String,
    pub version: String,
    pub triggers: Vec<Trigger>,
    pub retries: u32,
    #[serde(default)]
    pub is_paused: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Trigger {
    pub event: Option<String>,
    #[serde(rename = "if")]
    pub filter: Option<String>,
    pub cron: Option<String>,
    pub next_at: Option<Time>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Plugins {
    pub plugins: Vec<Plugin>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Plugin {
    pub name: String,
    pub version: Option<String>,
    pub live_since: Option<Time>,
    pub functions: Vec<String>,
    pub runs: u64,
    pub older: Vec<Older>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Older {
    pub version: String,
    pub runs: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let ms = |text: &str| serde_json::from_value(text.into()).map(|time: Time| time.ms).ok();
        assert_eq!(ms("1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(ms("2026-11-22T07:13:45.443Z"), Some(1_795_331_625_443));
        assert_eq!(ms("yesterday"), None);
    }
}
