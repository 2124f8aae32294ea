//! When a failed attempt is tried again.

use super::failure::RetryAdvice;
use super::time::Millis;
use crate::limits;

/// How often and after what delays. The default is Inngest's: a table plus up to 30 s of jitter.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    retries: u32,
}

/// Delay after the k-th failure (0-based); the last one stands for all later ones. Source: Inngest's `backoff.go`.
const TABLE_S: [u64; 10] = [15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200];

impl RetryPolicy {
    /// More than [`limits::RETRIES_MAX`] counts as that many, as with Inngest.
    pub fn with_retries(retries: u32) -> Self {
        Self { retries: retries.min(limits::RETRIES_MAX) }
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
                let slot = (attempt as usize).min(TABLE_S.len() - 1);
                Some(TABLE_S[slot] * 1_000 + (random * limits::RETRY_JITTER_MS as f64) as Millis)
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
