//! Flow control: what a function says of how its runs start and go on, and what comes of that for one run.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pace::{LimitKey, Pace};
use super::time::Millis;
use crate::limits;

/// The flow control of a function, as its plugin describes it. Keys are CEL over `event`; each of a key's values has the
/// limit on its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flow {
    /// Allows a single run a day for each of the key's values. It takes the place of the rate limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// At most so many executing at once: one instance each, whether it runs the body or a step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub concurrency: Vec<Concurrency>,
    /// At most so many unended runs that have begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_concurrency: Option<Concurrency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debounce: Option<Debounce>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    /// Seconds by which a run counts as older than it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub singleton: Option<Singleton>,
}

/// So many starts in a period; what is beyond starts nothing. A key that is `false` has no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    pub limit: u32,
    pub period_ms: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// 0: none, as with Inngest.
    pub limit: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    #[serde(default)]
    pub scope: Scope,
}

/// The runs that count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The function's own runs.
    #[default]
    Fn,
    /// All functions of the namespace that name the same value.
    Env,
    /// As `Env`, apart from it: limits never cross a namespace.
    Account,
}

/// So many starts in a period; what is beyond waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    pub limit: u32,
    pub period_ms: Millis,
    #[serde(default = "one")]
    pub burst: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
}

/// A run starts when no event has come for a period, with the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debounce {
    pub period_ms: Millis,
    /// From the first event on it takes no longer than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
}

/// Gathers many events into a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    pub max_size: u32,
    /// From the first event on it takes no longer than this.
    #[serde(default = "a_minute")]
    pub timeout_ms: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// CEL over `event`; where it is not true the event has a run of its own, at once.
    #[serde(rename = "if", default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Arc<str>>,
}

/// Allows a single unended run at a time. A key that is `false` has no such limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Singleton {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    pub mode: SingletonMode,
}

/// The fate of a second run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SingletonMode {
    /// The second run is skipped.
    Skip,
    /// The second run takes the place of the first, which is cancelled.
    Cancel,
}

fn one() -> u32 {
    1
}

fn a_minute() -> Millis {
    limits::BATCH_TIMEOUT_DEFAULT_MS
}

impl Flow {
    /// Why this cannot be.
    pub fn problem(&self) -> Option<String> {
        let problems = [self.of_starts(), self.of_concurrency(), self.of_gathering(), self.of_combinations()];
        problems.into_iter().find_map(Result::err)
    }

    /// How often the function may be started.
    pub fn limit(&self) -> Option<RateLimit> {
        let once = |key: &Arc<str>| RateLimit { limit: 1, period_ms: limits::IDEMPOTENCY_MS, key: Some(key.clone()) };
        self.idempotency.as_ref().map(once).or_else(|| self.rate_limit.clone())
    }

    fn of_starts(&self) -> Result<(), String> {
        if let Some(RateLimit { limit, period_ms, .. }) = &self.rate_limit {
            at_least_one("rate_limit: its limit", *limit)?;
            within("rate_limit: its period_ms", *period_ms, 1, limits::RATE_PERIOD_MAX_MS)?;
        }
        if let Some(Throttle { limit, period_ms, burst, .. }) = &self.throttle {
            at_least_one("throttle: its limit", *limit)?;
            at_least_one("throttle: its burst", *burst)?;
            within(
                "throttle: its period_ms",
                *period_ms,
                limits::THROTTLE_PERIOD_MIN_MS,
                limits::THROTTLE_PERIOD_MAX_MS,
            )?;
        }
        Ok(())
    }

    fn of_concurrency(&self) -> Result<(), String> {
        let max = limits::CONCURRENCY_MAX;
        if self.concurrency.len() > max {
            return Err(format!("it has {} entries in concurrency, the limit is {max}", self.concurrency.len()));
        }
        for one in self.concurrency.iter().chain(&self.run_concurrency) {
            if one.scope != Scope::Fn && one.key.is_none() {
                return Err(
                    "concurrency: a scope of env or account needs a key, by which functions count together".into()
                );
            }
        }
        Ok(())
    }

    fn of_gathering(&self) -> Result<(), String> {
        let (min, max) = (limits::DEBOUNCE_MIN_MS, limits::DEBOUNCE_MAX_MS);
        if let Some(Debounce { period_ms, timeout_ms, .. }) = &self.debounce {
            within("debounce: its period_ms", *period_ms, min, max)?;
            within("debounce: its timeout_ms", timeout_ms.unwrap_or(max), *period_ms, max)?;
        }
        if let Some(Batch { max_size, timeout_ms, .. }) = &self.batch {
            within("batch: its max_size", u64::from(*max_size), 2, limits::BATCH_SIZE_MAX)?;
            within("batch: its timeout_ms", *timeout_ms, limits::BATCH_TIMEOUT_MIN_MS, limits::BATCH_TIMEOUT_MAX_MS)?;
        }
        Ok(())
    }

    /// A batch has no single event that these could ask for. Inngest refuses the same.
    fn of_combinations(&self) -> Result<(), String> {
        let others = [
            ("debounce", self.debounce.is_some()),
            ("singleton", self.singleton.is_some()),
            ("priority", self.priority.is_some()),
            ("rate_limit", self.rate_limit.is_some()),
            ("idempotency", self.idempotency.is_some()),
        ];
        match others.into_iter().find(|(_, is_there)| *is_there && self.batch.is_some()) {
            Some((other, _)) => Err(format!("batch and {other} do not go together: leave one of them out")),
            None => Ok(()),
        }
    }
}

fn at_least_one(what: &str, number: u32) -> Result<(), String> {
    if number == 0 { Err(format!("{what} has to be at least 1")) } else { Ok(()) }
}

fn within(what: &str, number: u64, min: u64, max: u64) -> Result<(), String> {
    match (min..=max).contains(&number) {
        true => Ok(()),
        false => Err(format!("{what} has to be from {min} to {max}, not {number}")),
    }
}

/// The terms of a run from its start to its end, its keys evaluated. Kept with the run. New fields go at the
/// end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The places that each of its instances takes while it executes.
    pub places: Vec<Place>,
    /// The places that the run takes from its first execution to its end.
    pub run_place: Option<Place>,
    /// When it may start.
    pub throttle: Option<Throttled>,
    /// Seconds by which it counts as older than it is.
    pub priority_s: i32,
    /// The time at which it is cancelled if it has not begun.
    pub start_by: Option<Millis>,
    /// The lock of its function that it holds to its end.
    pub singleton: Option<LimitKey>,
    /// How it gathers events before it starts.
    pub gathers: Option<LimitKey>,
}

impl Terms {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether something may keep the run from being executed.
    pub fn has_gates(&self) -> bool {
        !self.places.is_empty() || self.run_place.is_some() || self.throttle.is_some()
    }
}

/// A place among those who execute at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub pool: LimitKey,
    pub limit: u32,
    /// For people: the key and its value, if it has one.
    pub of: Option<Arc<str>>,
}

/// A throttle as it applies to one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttled {
    pub pace: Pace,
    /// For people: the key and its value, if it has one.
    pub of: Option<Arc<str>>,
}

/// The limit that holds a run, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldBy {
    /// So many of this key execute already.
    Concurrency { limit: u32, of: Option<Arc<str>> },
    /// So many runs of this key are under way already.
    RunConcurrency { limit: u32, of: Option<Arc<str>> },
    /// Its key's starts are to come evenly: the next one at that time.
    Throttle { limit: u32, period_ms: Millis, of: Option<Arc<str>>, until: Millis },
}

/// Terms that are decided when the run is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Door {
    /// The rates that it counts towards: it is not written if one is used up.
    pub rate: Option<Pace>,
    /// The lock that it wants.
    pub singleton: Option<(LimitKey, SingletonMode)>,
    /// The run waits for further events.
    pub gather: Option<Gather>,
}

/// How a run that waits takes further events.
#[derive(Debug, Clone, PartialEq)]
pub enum Gather {
    /// The last one stands for all.
    Debounce { key: LimitKey, period_ms: Millis, timeout_ms: Option<Millis> },
    /// All of them.
    Batch { key: LimitKey, max_size: u32, timeout_ms: Millis },
}

impl Gather {
    pub fn key(&self) -> LimitKey {
        match self {
            Self::Debounce { key, .. } | Self::Batch { key, .. } => *key,
        }
    }

    /// When the run starts if nothing more comes: `first` was the time of its first event.
    pub fn due(&self, first: Millis, now: Millis) -> Millis {
        match self {
            Self::Debounce { period_ms, timeout_ms, .. } => {
                let due = now + period_ms;
                timeout_ms.map_or(due, |timeout| due.min(first + timeout))
            }
            Self::Batch { timeout_ms, .. } => first + timeout_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(json: &str) -> Option<String> {
        serde_json::from_str::<Flow>(json).expect("readable").problem()
    }

    #[test]
    fn says_what_cannot_be() {
        for (json, part) in [
            (r#"{"rate_limit":{"limit":0,"period_ms":1}}"#, "at least 1"),
            (r#"{"rate_limit":{"limit":1,"period_ms":86400001}}"#, "from 1 to 86400000"),
            (r#"{"throttle":{"limit":1,"period_ms":999}}"#, "period_ms"),
            (r#"{"throttle":{"limit":1,"period_ms":1000,"burst":0}}"#, "burst"),
            (r#"{"concurrency":[{"limit":1,"scope":"env"}]}"#, "needs a key"),
            (r#"{"concurrency":[{"limit":1},{"limit":2},{"limit":3}]}"#, "the limit is 2"),
            (r#"{"debounce":{"period_ms":10}}"#, "period_ms"),
            (r#"{"debounce":{"period_ms":5000,"timeout_ms":1000}}"#, "timeout_ms"),
            (r#"{"batch":{"max_size":1}}"#, "max_size"),
            (r#"{"batch":{"max_size":2,"timeout_ms":999}}"#, "timeout_ms"),
            (r#"{"batch":{"max_size":2},"priority":"1"}"#, "batch and priority"),
        ] {
            let problem = problem(json).unwrap_or_default();
            assert!(problem.contains(part), "{json}: {problem:?}");
        }
    }

    #[test]
    fn idempotency_is_a_rate_limit() {
        let flow = |json: &str| serde_json::from_str::<Flow>(json).expect("readable");
        let rate = r#""rate_limit":{"limit":3,"period_ms":60000}"#;
        let once = RateLimit { limit: 1, period_ms: 86_400_000, key: Some("event.data.id".into()) };
        assert_eq!(flow(&format!(r#"{{"idempotency":"event.data.id",{rate}}}"#)).limit(), Some(once));
        assert_eq!(flow(&format!("{{{rate}}}")).limit().map(|rate| (rate.limit, rate.period_ms)), Some((3, 60_000)));
    }

    #[test]
    fn gathering_ends_at_last() {
        let debounce = Gather::Debounce { key: [0; 16], period_ms: 10, timeout_ms: Some(25) };
        assert_eq!([0, 9, 18].map(|now| debounce.due(0, now)), [10, 19, 25]);
        let batch = Gather::Batch { key: [0; 16], max_size: 3, timeout_ms: 10 };
        assert_eq!(batch.due(0, 9), 10);
    }
}
