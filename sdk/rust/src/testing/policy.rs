//! How often and after what delays something is tried again: as the host does, but for its jitter.

use crate::bindings::stepwell::plugin::types::RetryAdvice;
use serde::Deserialize;
use serde_json::Value;

/// Delay in seconds after the k-th failure (0-based); the last one stands for all later ones.
const TABLE_S: [u64; 10] = [15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200];
const RETRIES_MAX: u64 = 20;
const DAY_MS: u64 = 24 * 3_600 * 1_000;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Policy {
    retries: u32,
    backoff: Backoff,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Backoff {
    Table,
    Constant { ms: f64 },
    Exponential { first_ms: f64, factor: f64, max_ms: f64 },
}

impl Policy {
    /// A function's, unless it says otherwise.
    pub(super) const DEFAULT: Self = Self { retries: 4, backoff: Backoff::Table };
    /// A failure handler's, whatever its function says.
    pub(super) const OF_HANDLER: Self = Self { retries: 1, backoff: Backoff::Table };

    /// The same but for what the options of a function or an operation say.
    pub(super) fn with(self, options: &Value) -> Self {
        let retries = options["retries"].as_u64().map(|retries| retries.min(RETRIES_MAX));
        let retries = retries.and_then(|retries| u32::try_from(retries).ok());
        let backoff = Backoff::deserialize(&options["backoff"]).ok();
        Self { retries: retries.unwrap_or(self.retries), backoff: backoff.unwrap_or(self.backoff) }
    }

    pub(super) fn max_attempts(self) -> u32 {
        self.retries + 1
    }

    /// The delay in milliseconds before the attempt that follows `attempt` (0-based); `None`: that was the last.
    pub(super) fn delay_after(self, attempt: u32, advice: RetryAdvice) -> Option<u64> {
        if attempt + 1 >= self.max_attempts() {
            return None;
        }
        match advice {
            RetryAdvice::Never => None,
            RetryAdvice::After(ms) => Some(whole((ms / 1_000.0).ceil() * 1_000.0).clamp(1_000, DAY_MS)),
            RetryAdvice::ByPolicy => Some(self.backoff.delay_after(attempt)),
        }
    }
}

impl Backoff {
    fn delay_after(self, attempt: u32) -> u64 {
        match self {
            Self::Table => TABLE_S[(attempt as usize).min(TABLE_S.len() - 1)] * 1_000,
            Self::Constant { ms } => whole(ms),
            Self::Exponential { first_ms, factor, max_ms } => {
                let factor = (0..attempt).fold(1.0, |product, _| product * factor);
                whole((first_ms * factor).min(max_ms))
            }
        }
    }
}

/// Milliseconds as the host counts them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, which is what is wanted"
)]
pub(super) fn whole(ms: f64) -> u64 {
    ms as u64
}
