//! How often something may be started: evenly, by the generic cell rate algorithm.

use serde::{Deserialize, Serialize};

use super::time::Millis;

/// The hash of what a limit counts by: its function or scope, and its key's value.
pub type LimitKey = [u8; 16];

/// So many starts in a period, one each `period / limit`, of which `burst` may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    pub limit: u32,
    pub period_ms: Millis,
    /// At least one.
    pub burst: u32,
    pub key: LimitKey,
}

/// When its starts would have come if they had come evenly, in nanoseconds since 1970: the algorithm's whole memory (the
/// "theoretical arrival time").
pub type Arrival = u64;

/// An arrival's time, rounded up: from then on it says nothing.
pub fn arrives(arrival: Arrival) -> Millis {
    arrival.div_ceil(1_000_000)
}

impl Pace {
    /// The next arrival if one more may start now, else when it may.
    pub fn admit(&self, arrival: Option<Arrival>, now: Millis) -> Result<Arrival, Millis> {
        let now = now * 1_000_000;
        let between = self.period_ms * 1_000_000 / u64::from(self.limit);
        let early = between * u64::from(self.burst - 1);
        let arrival = arrival.unwrap_or(now).max(now);
        if arrival <= now + early { Ok(arrival + between) } else { Err(arrives(arrival - early)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = 1_795_000_000_000;

    /// At which of these times something starts.
    fn started(limit: u32, period_ms: Millis, burst: u32, at: impl IntoIterator<Item = Millis>) -> Vec<Millis> {
        let pace = Pace { limit, period_ms, burst, key: [0; 16] };
        let mut arrival = None;
        let admit = |at: &Millis| pace.admit(arrival, START + at).inspect(|next| arrival = Some(*next)).is_ok();
        at.into_iter().filter(admit).collect()
    }

    #[test]
    fn one_in_a_period_is_one() {
        let at = [0, 0, 1, 59_999, 60_000, 60_001, 119_999, 120_000];
        assert_eq!(started(1, 60_000, 1, at), [0, 60_000, 120_000]);
    }

    #[test]
    fn many_come_evenly_and_a_burst_early() {
        assert_eq!(started(4, 60_000, 1, (0..60_000).step_by(1_000)), [0, 15_000, 30_000, 45_000]);
        let started = started(20, 60_000, 3, std::iter::repeat_n(0, 50).chain((0..600_000).step_by(100)));
        assert_eq!(started[..4], [0, 0, 0, 3_000], "the first, two early, and then one each 3 s");
        assert_eq!(started.len(), 2 + 200);
    }

    #[test]
    fn says_when_the_next_may_start() {
        let pace = Pace { limit: 3, period_ms: 1_000, burst: 2, key: [0; 16] };
        let mut arrival = None;
        for _ in 0..2 {
            arrival = Some(pace.admit(arrival, START).expect("a burst of two"));
        }
        let at = pace.admit(arrival, START).expect_err("no third at once");
        assert_eq!(at, START + 334, "a third of a second, rounded up");
        assert!(pace.admit(arrival, at).is_ok() && pace.admit(arrival, at - 1).is_err());
    }

    #[test]
    fn more_than_one_in_a_millisecond_can_be_had() {
        assert_eq!(started(86_400_000, 86_400_000 / 10, 8_640_001, [0; 20]).len(), 20);
    }
}
