//! Time and randomness as the guest sees them: the run's own outside a step, the real ones inside.

use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::model::{Clock, Millis, SystemClock};

/// The stream of the run's generator that seeds hash maps: the same for the whole run, since languages ask for it once
/// and at no certain place.
const HASH_STREAM: u64 = u64::MAX;

/// Where a body stands: at which time, behind which result, and whether a step of it is open.
pub(super) struct Moment {
    at: Millis,
    secret: [u8; 32],
    /// 0 before the first result, then its order + 1.
    stream: u64,
    generator: Option<Box<ChaCha12Rng>>,
    step_since: Option<Instant>,
}

impl Moment {
    pub(super) fn new(started: Millis, secret: [u8; 32]) -> Self {
        Self { at: started, secret, stream: 0, generator: None, step_since: None }
    }

    /// A result is delivered: the clock moves to it, randomness starts again from it.
    pub(super) fn deliver(&mut self, at: Millis, order: u32) {
        self.at = at;
        self.stream = u64::from(order) + 1;
        self.generator = None;
    }

    pub(super) fn open_step(&mut self) {
        self.step_since = Some(Instant::now());
    }

    pub(super) fn close_step(&mut self) {
        self.step_since = None;
    }

    /// Since 1970.
    pub(super) fn wall(&self) -> Duration {
        Duration::from_millis(if self.step_since.is_some() { SystemClock.now() } else { self.at })
    }

    /// Nanoseconds. It goes on from the body's time inside a step, so that it does not leap where a step begins or
    /// ends.
    pub(super) fn monotonic(&self) -> u64 {
        let passed = self.step_since.map(|since| since.elapsed()).unwrap_or_default();
        let now = Duration::from_millis(self.at) + passed;
        u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        if self.step_since.is_some() {
            return getrandom::fill(bytes);
        }
        let (secret, stream) = (self.secret, self.stream);
        self.generator.get_or_insert_with(|| Box::new(generator(secret, stream))).fill_bytes(bytes);
        Ok(())
    }

    pub(super) fn hash_seed(&self) -> (u64, u64) {
        let mut generator = generator(self.secret, HASH_STREAM);
        (generator.next_u64(), generator.next_u64())
    }
}

fn generator(secret: [u8; 32], stream: u64) -> ChaCha12Rng {
    let mut generator = ChaCha12Rng::from_seed(secret);
    generator.set_stream(stream);
    generator
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(moment: &mut Moment) -> [u8; 16] {
        let mut bytes = [0; 16];
        moment.fill(&mut bytes).expect("randomness");
        bytes
    }

    #[test]
    fn replays_equal_and_starts_again_at_each_result() {
        let pass = |steps: bool| {
            let mut moment = Moment::new(1_000, [7; 32]);
            let mut seen = vec![draw(&mut moment)];
            if steps {
                moment.open_step();
                draw(&mut moment);
                moment.close_step();
            }
            moment.deliver(2_000, 0);
            seen.push(draw(&mut moment));
            (seen, moment.wall(), moment.monotonic(), moment.hash_seed())
        };
        assert_eq!(pass(true), pass(false));
        let (seen, wall, monotonic, _) = pass(true);
        assert_ne!(seen[0], seen[1]);
        assert_eq!((wall.as_millis(), monotonic), (2_000, 2_000_000_000));
    }

    #[test]
    fn inside_a_step_they_are_real() {
        let mut moment = Moment::new(1_000, [7; 32]);
        moment.open_step();
        assert_ne!(draw(&mut moment), draw(&mut Moment::new(1_000, [7; 32])));
        assert!(moment.wall().as_secs() > 1_700_000_000);
        let before = moment.monotonic();
        assert!(moment.monotonic() >= before && before >= 1_000_000_000);
    }
}
