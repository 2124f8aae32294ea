//! How often and after what delays something is tried again.

use serde::Serialize;
use std::time::Duration;

/// How a function, or one step, is retried. What is not said is as it was: four retries after 15 s, 30 s, 1 min, 2 min,
/// each up to 30 s later than that.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Retry {
    #[serde(skip_serializing_if = "Option::is_none")]
    retries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff: Option<Backoff>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter_ms: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Backoff {
    Constant { ms: f64 },
    Exponential { first_ms: f64, factor: f64, max_ms: f64 },
}

impl Retry {
    /// So many retries, after the first attempt; more than 20 count as 20.
    #[must_use]
    pub fn times(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    /// The same delay each time, at most a day; zero tries again at once.
    #[must_use]
    pub fn constant(mut self, delay: Duration) -> Self {
        self.backoff = Some(Backoff::Constant { ms: milliseconds(delay) });
        self
    }

    /// A first delay, and `factor` times as long after each failure, up to `max`, which is at most a day.
    #[must_use]
    pub fn exponential(mut self, first: Duration, factor: f64, max: Duration) -> Self {
        let (first_ms, max_ms) = (milliseconds(first), milliseconds(max));
        self.backoff = Some(Backoff::Exponential { first_ms, factor, max_ms });
        self
    }

    /// Adds up to so much to each delay, evenly spread, so that what failed together is not tried again together.
    #[must_use]
    pub fn jitter(mut self, up_to: Duration) -> Self {
        self.jitter_ms = Some(milliseconds(up_to));
        self
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
