//! How often a function may be started.

use std::sync::Arc;

use super::time::Millis;

/// So many runs in a period, for each value of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    pub limit: u32,
    pub period_ms: Millis,
    /// A CEL expression over `event`; where its value is `false` there is no limit.
    pub key: Option<Arc<str>>,
}

/// A limit that a run counts towards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub limit: u32,
    pub period_ms: Millis,
    /// The hash of the key's value.
    pub key: [u8; 16],
}

/// When the limit's runs would have been started if they had come evenly, in nanoseconds since 1970: the algorithm's
/// whole memory (the "theoretical arrival time" of the generic cell rate algorithm).
pub type Arrival = u64;

impl Rate {
    /// The next arrival if one more run may start now, else `None`. As with Inngest the runs are to come evenly, one
    /// each `period / limit`; a tenth of the limit may come early.
    pub fn admit(&self, arrival: Option<Arrival>, now: Millis) -> Option<Arrival> {
        let now = now * 1_000_000;
        let between = self.period_ms * 1_000_000 / u64::from(self.limit);
        let early = between * u64::from(self.limit / 10);
        let arrival = arrival.unwrap_or(now).max(now);
        (arrival <= now + early).then_some(arrival + between)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = 1_795_000_000_000;

    /// At which of these times runs start.
    fn started(limit: u32, period_ms: Millis, at: impl IntoIterator<Item = Millis>) -> Vec<Millis> {
        let rate = Rate { limit, period_ms, key: [0; 16] };
        let mut arrival = None;
        let admit = |at: &Millis| rate.admit(arrival, START + at).inspect(|next| arrival = Some(*next)).is_some();
        at.into_iter().filter(admit).collect()
    }

    #[test]
    fn one_in_a_period_is_one() {
        assert_eq!(started(1, 60_000, [0, 0, 1, 59_999, 60_000, 60_001, 119_999, 120_000]), [0, 60_000, 120_000]);
    }

    #[test]
    fn many_come_evenly_and_a_tenth_early() {
        assert_eq!(started(4, 60_000, (0..60_000).step_by(1_000)), [0, 15_000, 30_000, 45_000]);
        let started = started(20, 60_000, std::iter::repeat_n(0, 50).chain((0..600_000).step_by(100)));
        assert_eq!(started[..4], [0, 0, 0, 3_000], "the first, two early, and then one each 3 s");
        assert_eq!(started.len(), 2 + 200);
    }

    #[test]
    fn more_than_one_in_a_millisecond_can_be_had() {
        assert_eq!(started(86_400_000, 86_400_000 / 10, [0; 20]).len(), 20);
    }
}
