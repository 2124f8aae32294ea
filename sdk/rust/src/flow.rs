//! Flow control: how often, how many at once, and in which order a function's runs start and go on.
//!
//! Keys are CEL expressions over `event`, as in `event.data.customer`; each of a key's values has the limit on its own.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

type Text = Cow<'static, str>;

/// The flow control of a function, as `wit/function-options.schema.json` has it.
#[derive(Default, Serialize)]
pub(crate) struct Flow {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub concurrency: Vec<Concurrency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_concurrency: Option<Concurrency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debounce: Option<Debounce>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub singleton: Option<Singleton>,
}

/// How often a function starts at most; further events start nothing.
///
/// The runs come evenly, one each `period / limit`, of which a tenth of the limit may come early.
#[derive(Debug, Clone, Serialize)]
pub struct RateLimit {
    limit: u32,
    period_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Text>,
}

impl RateLimit {
    /// So many runs in that time, of at most 24 hours.
    pub fn new(limit: u32, period: Duration) -> Self {
        Self { limit, period_ms: milliseconds(period), key: None }
    }

    /// For each value of this key on its own; `false` has no limit.
    #[must_use]
    pub fn key(mut self, key: impl Into<Text>) -> Self {
        self.key = Some(key.into());
        self
    }
}

/// How many execute at once. What sleeps, waits or backs off does not count.
#[derive(Debug, Clone, Serialize)]
pub struct Concurrency {
    limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Text>,
    scope: Scope,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    Fn,
    Env,
    Account,
}

impl Concurrency {
    /// So many of the function.
    pub fn new(limit: u32) -> Self {
        Self { limit, key: None, scope: Scope::Fn }
    }

    /// For each value of this key on its own.
    #[must_use]
    pub fn key(mut self, key: impl Into<Text>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Counts all functions of the environment that name the same value of their keys, each under its own limit. It
    /// needs a key.
    #[must_use]
    pub fn across_environment(mut self) -> Self {
        self.scope = Scope::Env;
        self
    }

    /// Counts all functions of the account that name the same value of their keys, each under its own limit. It needs a
    /// key.
    #[must_use]
    pub fn across_account(mut self) -> Self {
        self.scope = Scope::Account;
        self
    }
}

/// How often runs start; further ones wait for their turn.
#[derive(Debug, Clone, Serialize)]
pub struct Throttle {
    limit: u32,
    period_ms: u64,
    burst: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Text>,
}

impl Throttle {
    /// So many runs in that time (1 second to 7 days), evenly.
    pub fn new(limit: u32, period: Duration) -> Self {
        Self { limit, period_ms: milliseconds(period), burst: 1, key: None }
    }

    /// So many may start at once.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// For each value of this key on its own.
    #[must_use]
    pub fn key(mut self, key: impl Into<Text>) -> Self {
        self.key = Some(key.into());
        self
    }
}

/// A run starts when no event has come for a while, with the last one.
#[derive(Debug, Clone, Serialize)]
pub struct Debounce {
    period_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Text>,
}

impl Debounce {
    /// So long (1 second to 7 days) after the last event.
    pub fn new(period: Duration) -> Self {
        Self { period_ms: milliseconds(period), timeout_ms: None, key: None }
    }

    /// But no longer than this after the first one.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout_ms = Some(milliseconds(timeout));
        self
    }

    /// For each value of this key on its own.
    #[must_use]
    pub fn key(mut self, key: impl Into<Text>) -> Self {
        self.key = Some(key.into());
        self
    }
}

/// Gathers many events into a run: the context's `events`.
#[derive(Debug, Clone, Serialize)]
pub struct Batch {
    max_size: u32,
    timeout_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Text>,
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    condition: Option<Text>,
}

impl Batch {
    /// A batch that starts with so many events (2 to 100), or that long (1 second to 10 minutes) after the first.
    pub fn new(max_size: u32, timeout: Duration) -> Self {
        Self { max_size, timeout_ms: milliseconds(timeout), key: None, condition: None }
    }

    /// For each value of this key on its own.
    #[must_use]
    pub fn key(mut self, key: impl Into<Text>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Only events of which this CEL expression over `event` is true; others have runs of their own, at once.
    #[must_use]
    pub fn when(mut self, condition: impl Into<Text>) -> Self {
        self.condition = Some(condition.into());
        self
    }
}

/// Allows a single unended run at a time.
#[derive(Debug, Clone, Serialize)]
pub struct Singleton {
    mode: Mode,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Text>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Skip,
    Cancel,
}

impl Singleton {
    /// While a run is under way others are skipped.
    pub fn skip() -> Self {
        Self { mode: Mode::Skip, key: None }
    }

    /// A new run takes the place of the one that is under way, which is cancelled.
    pub fn cancel() -> Self {
        Self { mode: Mode::Cancel, key: None }
    }

    /// For each value of this key on its own; `false` has no such limit.
    #[must_use]
    pub fn key(mut self, key: impl Into<Text>) -> Self {
        self.key = Some(key.into());
        self
    }
}

/// A duration that is too long for its place is refused there.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
