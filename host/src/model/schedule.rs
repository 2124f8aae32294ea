//! A function's schedule: when it starts by itself.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::cron::Cron;
use super::time::Millis;

/// A cron trigger of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub cron: Cron,
    /// Each occurrence comes later than its time by less than this, so that not all come at once; 0 for none.
    pub jitter_ms: Millis,
}

/// An occurrence of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// The schedule's notation.
    pub scheduled: Millis,
    /// When it comes.
    pub at: Millis,
}

impl Schedule {
    /// As it was written.
    pub fn source(&self) -> &Arc<str> {
        self.cron.source()
    }

    /// The first that comes behind `after`, for the function of that composite id.
    pub fn next(&self, function: &str, after: Millis) -> Option<Occurrence> {
        let mut first: Option<Occurrence> = None;
        let mut scheduled = self.cron.next(after.saturating_sub(self.jitter_ms));
        // A later one may come sooner, if it is scheduled before the first comes.
        while let Some(time) = scheduled.filter(|time| first.is_none_or(|first| *time < first.at)) {
            let at = time + self.delay(function, time);
            if at > after && first.is_none_or(|first| at < first.at) {
                first = Some(Occurrence { scheduled: time, at });
            }
            scheduled = self.cron.next(time);
        }
        first
    }

    /// The same for an occurrence at each call.
    fn delay(&self, function: &str, scheduled: Millis) -> Millis {
        if self.jitter_ms == 0 {
            return 0;
        }
        let hash: [u8; 32] = Sha256::digest(format!("{function}\n{}\n{scheduled}", self.source())).into();
        let (chunks, _) = hash.as_chunks::<8>();
        u64::from_le_bytes(chunks[0]) % self.jitter_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_occurrence_comes_once_and_within_its_jitter() {
        const MINUTES: u64 = 500;
        let schedule = Schedule { cron: Cron::read("* * * * *").expect("valid"), jitter_ms: 300_000 };
        let (mut after, mut seen) = (0, Vec::new());
        while let Some(next) = schedule.next("app-f", after).filter(|next| next.at <= MINUTES * 60_000) {
            assert!(next.at > after && (0..300_000).contains(&(next.at - next.scheduled)), "{next:?}");
            after = next.at;
            seen.push(next.scheduled / 60_000);
        }
        assert!(seen.windows(2).any(|pair| pair[0] > pair[1]), "some overtake others");
        seen.sort();
        seen.retain(|minute| *minute <= MINUTES - 5);
        assert_eq!(seen, (1..=MINUTES - 5).collect::<Vec<_>>(), "none is left out, none comes twice");
        assert_ne!(schedule.next("app-f", 0), schedule.next("app-g", 0), "not all functions at once");
    }

    #[test]
    fn without_jitter_it_comes_when_it_is_scheduled() {
        let schedule = Schedule { cron: Cron::read("@hourly").expect("valid"), jitter_ms: 0 };
        let next = schedule.next("f", 3_600_000).expect("comes");
        assert_eq!(next, Occurrence { scheduled: 7_200_000, at: 7_200_000 });
    }
}
