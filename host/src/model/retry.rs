//! When a failed attempt is tried again.

use serde::{Deserialize, Serialize};

use super::failure::RetryAdvice;
use super::time::Millis;
use crate::limits;

/// How often and after what delays. The default is Inngest's: a table plus up to 30 s of jitter.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    retries: u32,
    backoff: Backoff,
    jitter_ms: Millis,
}

/// How the delays grow.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Backoff {
    /// Inngest's: 15 s, 30 s, 1 min, 2 min, 5 min, 10 min, 20 min, 40 min, 1 h, and 2 h from then on.
    #[default]
    Table,
    Constant {
        ms: f64,
    },
    /// `first_ms`, and `factor` times as long after each failure, up to `max_ms`.
    Exponential {
        first_ms: f64,
        #[serde(default = "double")]
        factor: f64,
        #[serde(default = "a_day")]
        max_ms: f64,
    },
}

/// The retry options of a function, or of a step that has its own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryOptions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<f64>,
}

impl RetryOptions {
    /// Why these cannot be.
    pub fn problem(&self) -> Option<String> {
        let max = limits::RETRY_DELAY_MAX_MS as f64;
        let is_delay = |ms: f64| (0.0..=max).contains(&ms);
        let delays = match self.backoff {
            None | Some(Backoff::Table) => vec![],
            Some(Backoff::Constant { ms }) => vec![ms],
            Some(Backoff::Exponential { first_ms, max_ms, .. }) => vec![first_ms, max_ms],
        };
        if !delays.into_iter().chain(self.jitter_ms).all(is_delay) {
            return Some("a delay between retries has to be 0 to 86400000 ms, a day".to_owned());
        }
        match self.backoff {
            Some(Backoff::Exponential { factor, .. }) if !(1.0..=100.0).contains(&factor) => {
                Some("the factor of an exponential backoff has to be 1 to 100".to_owned())
            }
            _ => None,
        }
    }
}

fn double() -> f64 {
    2.0
}

fn a_day() -> f64 {
    limits::RETRY_DELAY_MAX_MS as f64
}

/// Delay after the k-th failure (0-based); the last one stands for all later ones. Source: Inngest's `backoff.go`.
const TABLE_S: [u64; 10] = [15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200];

impl RetryPolicy {
    /// More than [`limits::RETRIES_MAX`] counts as that many, as with Inngest.
    pub fn with_retries(retries: u32) -> Self {
        let retries = retries.min(limits::RETRIES_MAX);
        Self { retries, backoff: Backoff::Table, jitter_ms: limits::RETRY_JITTER_MS }
    }

    /// The same but for what is said here. Who sets delays of their own gets jitter only where they ask for it.
    #[must_use]
    pub fn with(&self, options: &RetryOptions) -> Self {
        let mut policy = self.clone();
        if let Some(retries) = options.retries {
            policy.retries = retries.min(limits::RETRIES_MAX);
        }
        if let Some(backoff) = options.backoff {
            policy.backoff = backoff;
            policy.jitter_ms = if backoff == Backoff::Table { limits::RETRY_JITTER_MS } else { 0 };
        }
        if let Some(jitter_ms) = options.jitter_ms {
            policy.jitter_ms = jitter_ms as Millis;
        }
        policy
    }

    /// As [`Self::with`] makes it of the default.
    pub fn options(&self) -> RetryOptions {
        RetryOptions {
            retries: Some(self.retries),
            backoff: (self.backoff != Backoff::Table).then_some(self.backoff),
            jitter_ms: (self.jitter_ms != Self::with_retries(0).with(&self.backoff_only()).jitter_ms)
                .then_some(self.jitter_ms as f64),
        }
    }

    fn backoff_only(&self) -> RetryOptions {
        RetryOptions { backoff: Some(self.backoff), ..RetryOptions::default() }
    }

    pub fn retries(&self) -> u32 {
        self.retries
    }

    pub fn max_attempts(&self) -> u32 {
        self.retries + 1
    }

    /// The delay in milliseconds before the attempt that follows `attempt` (0-based), or `None` when that was the
    /// last. `random` in 0 … 1 (exclusive) places the jitter.
    pub fn delay_after(&self, attempt: u32, advice: RetryAdvice, random: f64) -> Option<Millis> {
        if attempt + 1 >= self.max_attempts() {
            return None;
        }
        match advice {
            RetryAdvice::Never => None,
            // In whole seconds, rounded up, as Inngest's header does.
            RetryAdvice::After(ms) => {
                let ms = if ms.is_finite() { (ms.max(0.0) / 1_000.0).ceil() * 1_000.0 } else { 0.0 };
                Some((ms as Millis).clamp(limits::RETRY_DELAY_MIN_MS, limits::RETRY_DELAY_MAX_MS))
            }
            RetryAdvice::ByPolicy => {
                Some(self.backoff.delay_after(attempt) + (random * self.jitter_ms as f64) as Millis)
            }
        }
    }
}

impl Backoff {
    fn delay_after(&self, attempt: u32) -> Millis {
        match *self {
            Self::Table => TABLE_S[(attempt as usize).min(TABLE_S.len() - 1)] * 1_000,
            Self::Constant { ms } => ms as Millis,
            // Attempts are few, and a float that is too large for an integer becomes the largest.
            Self::Exponential { first_ms, factor, max_ms } => {
                (first_ms * factor.powi(attempt as i32)).min(max_ms) as Millis
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_table_with_jitter() {
        let policy = RetryPolicy::with_retries(25);
        assert_eq!(policy.max_attempts(), 21);
        assert_eq!(policy.delay_after(0, RetryAdvice::ByPolicy, 0.0), Some(15_000));
        assert_eq!(policy.delay_after(0, RetryAdvice::ByPolicy, 0.999_99), Some(44_999));
        assert_eq!(policy.delay_after(15, RetryAdvice::ByPolicy, 0.0), Some(7_200_000));
        assert_eq!(policy.delay_after(20, RetryAdvice::ByPolicy, 0.0), None);
    }

    #[test]
    fn delays_are_what_is_asked_for() {
        let policy = |json: &str| {
            let options: RetryOptions = serde_json::from_str(json).expect("valid");
            assert_eq!(options.problem(), None);
            RetryPolicy::with_retries(4).with(&options)
        };
        let delays = |policy: &RetryPolicy| {
            (0..4).filter_map(|attempt| policy.delay_after(attempt, RetryAdvice::ByPolicy, 0.5)).collect::<Vec<_>>()
        };
        let exponential = policy(r#"{"backoff":{"kind":"exponential","first_ms":100,"factor":3,"max_ms":1000}}"#);
        assert_eq!(delays(&exponential), [100, 300, 900, 1_000]);
        assert_eq!(delays(&policy(r#"{"backoff":{"kind":"constant","ms":0},"jitter_ms":10,"retries":2}"#)), [5, 5]);
        assert_eq!(delays(&policy(r#"{"jitter_ms":0}"#)), [15_000, 30_000, 60_000, 120_000]);
        for policy in [exponential, policy(r#"{"jitter_ms":7}"#), policy("{}")] {
            assert_eq!(RetryPolicy::with_retries(0).with(&policy.options()), policy, "its options say it all");
        }
    }

    #[test]
    fn says_what_cannot_be() {
        let problem = |json: &str| serde_json::from_str::<RetryOptions>(json).expect("valid").problem();
        assert!(problem(r#"{"jitter_ms":-1}"#).is_some());
        assert!(problem(r#"{"backoff":{"kind":"constant","ms":1e12}}"#).is_some());
        assert!(problem(r#"{"backoff":{"kind":"exponential","first_ms":1,"factor":0.5}}"#).is_some());
        assert!(serde_json::from_str::<RetryOptions>(r#"{"backoff":{"kind":"fibonacci"}}"#).is_err());
    }

    #[test]
    fn clips_what_the_guest_asks_for() {
        let policy = RetryPolicy::with_retries(4);
        let after = |ms| policy.delay_after(0, RetryAdvice::After(ms), 0.5);
        assert_eq!(after(1_500.0), Some(2_000));
        assert_eq!(after(-5.0), Some(1_000));
        assert_eq!(after(f64::NAN), Some(1_000));
        assert_eq!(after(1e12), Some(86_400_000));
        assert_eq!(policy.delay_after(4, RetryAdvice::After(1.0), 0.5), None);
        assert_eq!(policy.delay_after(0, RetryAdvice::Never, 0.5), None);
    }
}
