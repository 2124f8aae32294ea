//! The fair queue: one line for each plugin, and the plugin that has computed least goes first. Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::limits;

/// The time that a turn is expected to take, until it is known.
const EXPECTED: Duration = Duration::from_millis(limits::EPOCH_TICK_MS);

/// Turns, and who waits for one. While a turn is free, nobody waits.
#[derive(Debug)]
pub struct Lines<K, W> {
    free: usize,
    lines: BTreeMap<K, Line<W>>,
    /// Plugins with somebody in line, by the time that they have had.
    waiting: BTreeSet<(Duration, K)>,
    /// The time that the plugin served last had used: a plugin that comes now begins here.
    clock: Duration,
}

#[derive(Debug)]
struct Line<W> {
    /// Time that its guests have computed.
    used: Duration,
    turns: usize,
    /// Turns that have begun and will soon have ended, as far as is known.
    begun: VecDeque<W>,
    others: VecDeque<W>,
}

/// Where somebody stands in a plugin's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Has begun and computed little: it goes first, so that few instances are alive at once.
    Begun,
    /// Has not begun, or has computed for long: they go in order, so that nobody starves.
    Other,
}

impl<K: Ord + Clone, W> Lines<K, W> {
    pub fn new(turns: usize) -> Self {
        Self { free: turns, lines: BTreeMap::new(), waiting: BTreeSet::new(), clock: Duration::ZERO }
    }

    /// Takes a turn if one is free.
    pub fn take(&mut self, key: &K) -> bool {
        if self.free == 0 {
            return false;
        }
        self.free -= 1;
        self.line(key).start();
        true
    }

    /// Stands in the plugin's line.
    pub fn wait(&mut self, key: &K, place: Place, waiting: W) {
        let line = self.line(key);
        match place {
            Place::Begun => line.begun.push_back(waiting),
            Place::Other => line.others.push_back(waiting),
        }
        let used = line.used;
        self.waiting.insert((used, key.clone()));
    }

    /// Gives a turn back after the time that it took.
    pub fn leave(&mut self, key: &K, ran: Duration) {
        self.free += 1;
        let Some(line) = self.lines.get_mut(key) else { return };
        let before = line.used;
        line.turns -= 1;
        line.used = (line.used + ran).saturating_sub(EXPECTED);
        let used = line.used;
        if !line.is_empty() {
            self.waiting.remove(&(before, key.clone()));
            self.waiting.insert((used, key.clone()));
        } else if line.turns == 0 && used <= self.clock {
            self.lines.remove(key);
        }
    }

    /// Gives a free turn to the plugin that has had least, and there to the first in line who still waits.
    pub fn serve(&mut self, still_waits: impl Fn(&W) -> bool) -> Option<(K, W)> {
        if self.free == 0 {
            return None;
        }
        while let Some((used, key)) = self.waiting.pop_first() {
            let line = self.lines.get_mut(&key)?;
            let next = std::iter::from_fn(|| line.pop()).find(&still_waits);
            if next.is_some() {
                self.clock = self.clock.max(used);
                self.free -= 1;
                line.start();
            }
            if !line.is_empty() {
                self.waiting.insert((line.used, key.clone()));
            }
            if let Some(next) = next {
                return Some((key, next));
            }
        }
        None
    }

    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn line(&mut self, key: &K) -> &mut Line<W> {
        if !self.lines.contains_key(key) {
            self.forget();
            let line = Line { used: self.clock, turns: 0, begun: VecDeque::new(), others: VecDeque::new() };
            self.lines.insert(key.clone(), line);
        }
        let clock = self.clock;
        let line = self.lines.get_mut(key).expect("it is there");
        if line.turns == 0 && line.is_empty() {
            line.used = line.used.max(clock);
        }
        line
    }

    /// Drops plugins that do nothing, once there are many.
    fn forget(&mut self) {
        if self.lines.len() >= limits::IDLE_LINES_MAX {
            self.lines.retain(|_, line| line.turns > 0 || !line.is_empty());
        }
    }
}

impl<W> Line<W> {
    fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.others.is_empty()
    }

    fn pop(&mut self) -> Option<W> {
        self.begun.pop_front().or_else(|| self.others.pop_front())
    }

    fn start(&mut self) {
        self.turns += 1;
        self.used += EXPECTED;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn serve(lines: &mut Lines<&'static str, u32>) -> Option<(&'static str, u32)> {
        lines.serve(|_| true)
    }

    #[test]
    fn as_many_as_there_are_turns() {
        let mut lines = Lines::new(2);
        assert!(lines.take(&"a") && lines.take(&"a") && !lines.take(&"b"));
        lines.wait(&"b", Place::Other, 1);
        assert_eq!(serve(&mut lines), None, "no turn is free");
        lines.leave(&"a", ms(1));
        assert_eq!(serve(&mut lines), Some(("b", 1)));
        assert!(!lines.has_waiting() && serve(&mut lines).is_none());
    }

    #[test]
    fn one_plugins_guests_go_in_order() {
        let mut lines = Lines::new(1);
        assert!(lines.take(&"a"));
        (1..=3).for_each(|n| lines.wait(&"a", Place::Other, n));
        for n in 1..=3 {
            lines.leave(&"a", ms(10));
            assert_eq!(serve(&mut lines), Some(("a", n)));
        }
    }

    #[test]
    fn one_that_has_begun_goes_before_those_who_have_not() {
        let mut lines = Lines::new(1);
        assert!(lines.take(&"a"));
        lines.wait(&"a", Place::Other, 1);
        lines.wait(&"a", Place::Begun, 2);
        lines.leave(&"a", ms(10));
        assert_eq!(serve(&mut lines), Some(("a", 2)));
        lines.wait(&"a", Place::Other, 2);
        lines.leave(&"a", ms(10));
        assert_eq!(serve(&mut lines), Some(("a", 1)), "two has computed for long");
    }

    #[test]
    fn a_plugin_that_comes_goes_before_one_with_a_long_line() {
        let mut lines = Lines::new(1);
        assert!(lines.take(&"many"));
        (0..100).for_each(|n| lines.wait(&"many", Place::Other, n));
        for n in 0..50 {
            lines.leave(&"many", ms(10));
            assert_eq!(serve(&mut lines), Some(("many", n)));
        }
        lines.wait(&"one", Place::Other, 7);
        lines.leave(&"many", ms(10));
        assert_eq!(serve(&mut lines), Some(("one", 7)));
    }

    #[test]
    fn time_is_shared_and_not_turns() {
        let mut lines = Lines::new(1);
        assert!(lines.take(&"long"));
        let (mut long, mut short) = (ms(0), ms(0));
        lines.wait(&"long", Place::Other, 0);
        lines.wait(&"short", Place::Other, 0);
        let mut at_work = ("long", ms(10));
        for _ in 0..2_000 {
            lines.leave(&at_work.0, at_work.1);
            let (next, _) = serve(&mut lines).expect("both wait all the time");
            lines.wait(&next, Place::Other, 0);
            at_work = if next == "long" { ("long", ms(10)) } else { ("short", ms(1)) };
            *(if next == "long" { &mut long } else { &mut short }) += at_work.1;
        }
        let ratio = long.as_secs_f64() / short.as_secs_f64();
        assert!((0.9..1.1).contains(&ratio), "{long:?} and {short:?}");
    }

    #[test]
    fn nobody_saves_time_up() {
        let mut lines = Lines::new(1);
        assert!(lines.take(&"early"));
        lines.leave(&"early", ms(1));
        assert!(lines.take(&"busy"));
        lines.wait(&"busy", Place::Other, 0);
        for _ in 0..100 {
            lines.leave(&"busy", ms(10));
            serve(&mut lines).expect("busy waits");
            lines.wait(&"busy", Place::Other, 0);
        }
        // A plugin that was idle for a second gets no second in one go for that.
        let mut in_a_row = 0;
        lines.wait(&"early", Place::Other, 0);
        lines.leave(&"busy", ms(10));
        while let Some(("early", _)) = serve(&mut lines) {
            in_a_row += 1;
            lines.wait(&"early", Place::Other, 0);
            lines.leave(&"early", ms(10));
        }
        assert!(in_a_row <= 2, "{in_a_row}");
    }

    #[test]
    fn a_guest_that_has_gone_is_passed_over() {
        let mut lines = Lines::new(1);
        assert!(lines.take(&"a"));
        lines.wait(&"a", Place::Other, 1);
        lines.wait(&"b", Place::Other, 2);
        lines.leave(&"a", ms(1));
        assert_eq!(lines.serve(|waiting| *waiting == 2), Some(("b", 2)));
        lines.leave(&"b", ms(1));
        assert_eq!(lines.serve(|_| false), None);
        assert!(lines.take(&"c") && !lines.has_waiting());
    }

    #[test]
    fn plugins_that_do_nothing_are_forgotten() {
        let mut lines: Lines<usize, u32> = Lines::new(1);
        for plugin in 0..10 * limits::IDLE_LINES_MAX {
            assert!(lines.take(&plugin));
            lines.leave(&plugin, ms(10));
        }
        assert!(lines.lines.len() <= limits::IDLE_LINES_MAX);
    }
}
