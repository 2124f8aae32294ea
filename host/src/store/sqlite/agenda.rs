//! Which runs wait in memory, in the order in which their turn comes: bounded, the rest is on disk.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::flow::{Candidate, Gates, Served};
use crate::limits;
use crate::model::{Digest, Event, FunctionKey, Invoker, Millis, Record, RunId, Terms};

/// When its turn comes, and its row.
pub type Turn = (Millis, i64);

/// The facts that a lease tells of a run.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub run: RunId,
    pub function: Arc<FunctionKey>,
    pub version: Digest,
    pub secret: [u8; 32],
    pub failed_run: Option<RunId>,
    pub invoker: Option<Invoker>,
    pub terms: Option<Arc<Terms>>,
    /// Whether something may wait for it outside.
    pub has_waits: bool,
    pub events: Vec<Arc<Event>>,
    pub journal: Vec<Record>,
}

impl Loaded {
    fn bytes(&self) -> usize {
        self.events.iter().map(|event| event.json.len()).sum()
    }
}

/// How the store's table `open` knows a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// The run is too young to be there.
    Not,
    Open,
}

/// A run whose turn has come.
#[derive(Debug)]
pub struct Taken {
    pub turn: Turn,
    pub listed: Listed,
    /// `None`: it has to be read.
    pub loaded: Option<Box<Loaded>>,
}

type Waiting = BTreeMap<Turn, Option<Box<Loaded>>>;

/// Two queues merged by turn. Young runs are ready and known only here (and to recovery); listed ones are a window on
/// the table `open`, from its beginning to `beyond`.
#[derive(Debug, Default)]
pub struct Agenda {
    young: Waiting,
    listed: Waiting,
    /// Listed runs from this turn on are on disk only.
    beyond: Option<Turn>,
    /// Runs whose turn has come and that wait for a place, or for their pace.
    pub gates: Gates<(Turn, Listed)>,
    /// Runs from this turn on may have been left on disk since too many are held.
    left: Option<Turn>,
    bytes: usize,
    is_refilling: bool,
    /// The latest time at which somebody asked for a run.
    now: Millis,
}

impl Agenda {
    /// Whether a new run has to go to the table `open`, to be read back when its turn comes.
    pub fn spills(&self, turn: Turn, already: usize) -> bool {
        let is_behind = self.beyond.is_some_and(|beyond| turn >= beyond);
        is_behind || self.young.len() + already >= limits::READY_IN_MEMORY_MAX
    }

    /// A run that is ready and not listed.
    pub fn add_young(&mut self, turn: Turn, loaded: Option<Box<Loaded>>) {
        let loaded = self.admit(loaded);
        self.young.insert(turn, loaded);
    }

    /// A listed run. It stays on disk when its turn is behind all that is here and there is no room.
    pub fn add_listed(&mut self, turn: Turn, loaded: Option<Box<Loaded>>) {
        if self.beyond.is_some_and(|beyond| turn >= beyond) {
            return;
        }
        let loaded = self.admit(loaded);
        match self.listed.entry(turn) {
            Entry::Vacant(place) => {
                place.insert(loaded);
            }
            Entry::Occupied(_) => self.forget(loaded.as_deref()),
        }
        if self.listed.len() > limits::READY_IN_MEMORY_MAX
            && let Some((last, loaded)) = self.listed.pop_last()
        {
            self.forget(loaded.as_deref());
            self.beyond = Some(last);
        }
    }

    /// A listed run that was due then, or waited for something, is due now.
    pub fn hasten(&mut self, was_due: Option<Millis>, row: i64) {
        let loaded = was_due.and_then(|due| self.listed.remove(&(due, row))).flatten();
        self.forget(loaded.as_deref());
        self.add_listed((0, row), loaded);
    }

    /// Puts a waiting run where it belongs.
    pub fn put(&mut self, turn: Turn, listed: Listed, loaded: Option<Box<Loaded>>) {
        match listed {
            Listed::Not => self.add_young(turn, loaded),
            Listed::Open => self.add_listed(turn, loaded),
        }
    }

    /// Takes a listed run off that is to get another turn, so that nobody else takes it meanwhile.
    pub fn withdraw(&mut self, turn: Turn) {
        let loaded = self.listed.remove(&turn).flatten();
        self.forget(loaded.as_deref());
    }

    /// Whether one more run may be held; a listed one that may not stays on disk for the time being.
    pub fn may_hold(&mut self, turn: Turn, listed: Listed) -> bool {
        if listed == Listed::Not || self.gates.held() < limits::HELD_MAX {
            return true;
        }
        self.left = Some(self.left.map_or(turn, |left| left.min(turn)));
        false
    }

    /// Admits runs whose throttle or start deadline has come.
    pub fn open_gates(&mut self, now: Millis) {
        if self.gates.next_due().is_some_and(|due| due <= now) {
            let served = self.gates.open(now);
            self.seat(served.admitted);
        }
    }

    /// Puts back those who follow at a gate; answers which executing runs may ask for more.
    pub fn serve(&mut self, served: Served<(Turn, Listed)>) -> Vec<i64> {
        self.seat(served.admitted);
        served.wider
    }

    fn seat(&mut self, admitted: Vec<Candidate<(Turn, Listed)>>) {
        for Candidate { ticket: (turn, listed), .. } in admitted {
            self.put(turn, listed, None);
        }
        if self.gates.held() <= limits::HELD_MAX / 2
            && let Some(left) = self.left.take()
        {
            self.beyond = Some(self.beyond.map_or(left, |beyond| beyond.min(left)));
        }
    }

    /// The run whose turn is next, if it is ready at `now`.
    pub fn take(&mut self, now: Millis) -> Option<Taken> {
        self.now = self.now.max(now);
        let young = self.young.first_key_value().map(|(turn, _)| *turn);
        let listed = self.listed.first_key_value().map(|(turn, _)| *turn).filter(|turn| has_come(*turn, now));
        let is_young = match (young, listed) {
            (Some(young), Some(listed)) => young < listed,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return None,
        };
        let (queue, listed) = if is_young { (&mut self.young, Listed::Not) } else { (&mut self.listed, Listed::Open) };
        let (turn, loaded) = queue.pop_first()?;
        self.forget(loaded.as_deref());
        Some(Taken { turn, listed, loaded })
    }

    /// When the next turn comes, as far as is known here.
    pub fn next_due(&self) -> Option<Millis> {
        let first = |queue: &Waiting| queue.first_key_value().map(|((due, _), _)| *due);
        first(&self.young).into_iter().chain(first(&self.listed)).chain(self.gates.next_due()).min()
    }

    /// Whether there is a run that could be taken right away, as far as the time is known here.
    pub fn has_ready(&self) -> bool {
        let is_due = self.listed.first_key_value().is_some_and(|(turn, _)| has_come(*turn, self.now));
        is_due || !self.young.is_empty() || self.is_refilling
    }

    /// The young run of that row, if it waits.
    pub fn young(&self, turn: Turn) -> Option<&Loaded> {
        self.young.get(&turn)?.as_deref()
    }

    /// Takes all young runs for listed ones: the caller has listed them. Answers their turns.
    pub fn list_young(&mut self) -> Vec<Turn> {
        let young = std::mem::take(&mut self.young);
        let turns = young.keys().copied().collect();
        for (turn, loaded) in young {
            self.forget(loaded.as_deref());
            self.add_listed(turn, loaded);
        }
        turns
    }

    /// Takes all held runs for listed ones: the caller lists those that it is told.
    pub fn list_held(&mut self) -> Vec<Turn> {
        let young = self.gates.tickets_mut().filter(|(_, listed)| *listed == Listed::Not);
        let list = |ticket: &mut (Turn, Listed)| {
            ticket.1 = Listed::Open;
            ticket.0
        };
        young.map(list).collect()
    }

    /// Takes the table's first turns; `beyond` is the first that was not read.
    pub fn begin(&mut self, turns: Vec<Turn>, beyond: Option<Turn>) {
        self.listed = turns.into_iter().map(|turn| (turn, None)).collect();
        self.beyond = beyond;
    }

    /// Where to read on from in the table and how much, once there is room; asked again only after [`Self::refill`].
    pub fn wants_refill(&mut self) -> bool {
        let wants = self.beyond.is_some() && !self.is_refilling && self.listed.len() <= limits::READY_IN_MEMORY_MAX / 2;
        self.is_refilling |= wants;
        wants
    }

    /// From which turn to read on, and how many runs.
    pub fn refill_from(&self) -> (Turn, usize) {
        let room = limits::READY_IN_MEMORY_MAX.saturating_sub(self.listed.len()).max(1);
        (self.beyond.unwrap_or((Millis::MAX, i64::MAX)), room)
    }

    /// Takes what was read from `from` on. `beyond` is the first turn that was not read, `None` after the last one.
    pub fn refill(&mut self, from: Turn, turns: impl Iterator<Item = Turn>, beyond: Option<Turn>) {
        for turn in turns {
            self.listed.entry(turn).or_insert(None);
        }
        // Else a run that was given back has pushed another out meanwhile: that one is to be read again.
        if self.beyond == Some(from) {
            self.beyond = beyond;
        }
        self.is_refilling = false;
    }

    /// Keeps what was loaded if there is room for its events.
    fn admit(&mut self, loaded: Option<Box<Loaded>>) -> Option<Box<Loaded>> {
        let loaded = loaded?;
        let bytes = loaded.bytes();
        if self.bytes + bytes > limits::READY_BYTES_MAX {
            return None;
        }
        self.bytes += bytes;
        Some(loaded)
    }

    fn forget(&mut self, loaded: Option<&Loaded>) {
        self.bytes -= loaded.map_or(0, Loaded::bytes);
    }
}

/// When a new run's turn comes: right now, in the order of creation.
pub fn turn_of(run: RunId) -> Turn {
    (run.created(), run.row())
}

/// A run whose turn is its creation is ready whatever the clock says: ids may run ahead of a clock that is set back.
fn has_come((due, row): Turn, now: Millis) -> bool {
    due <= now || due == row as Millis >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(agenda: &mut Agenda, now: Millis) -> Vec<Turn> {
        std::iter::from_fn(|| agenda.take(now)).map(|taken| taken.turn).collect()
    }

    #[test]
    fn young_and_listed_runs_take_turns_by_time() {
        let mut agenda = Agenda::default();
        agenda.add_young((5, 1), None);
        agenda.add_young((9, 3), None);
        agenda.add_listed((7, 2), None);
        agenda.add_listed((20, 4), None);
        agenda.add_listed((30, 30 << 15), None);
        assert_eq!(agenda.next_due(), Some(5));
        assert_eq!(taken(&mut agenda, 8), [(5, 1), (7, 2), (9, 3)]);
        assert_eq!(agenda.next_due(), Some(20));
        assert_eq!(taken(&mut agenda, 20), [(20, 4), (30, 30 << 15)], "the last waits for no time");
    }

    #[test]
    fn what_does_not_fit_is_read_back() {
        let max = limits::READY_IN_MEMORY_MAX as i64;
        let mut agenda = Agenda::default();
        (0..max + 10).rev().for_each(|row| agenda.add_listed((row as Millis, row), None));
        assert_eq!(agenda.refill_from().0, (max as Millis, max));
        assert!(!agenda.wants_refill(), "it is full");
        assert_eq!(taken(&mut agenda, Millis::MAX).len(), max as usize);
        assert!(agenda.wants_refill());
        assert!(!agenda.wants_refill(), "it was asked for");
        agenda.refill((max as Millis, max), (max..max + 10).map(|row| (row as Millis, row)), None);
        assert_eq!(taken(&mut agenda, Millis::MAX).len(), 10);
    }

    #[test]
    fn a_full_house_spills() {
        let mut agenda = Agenda::default();
        assert!(!agenda.spills((1, 1), 0));
        assert!(agenda.spills((1, 1), limits::READY_IN_MEMORY_MAX));
        (0..=limits::READY_IN_MEMORY_MAX as i64).for_each(|row| agenda.add_listed((5, row), None));
        let beyond = agenda.refill_from().0;
        assert!(agenda.spills((5, beyond.1 + 1), 0), "those before it are on disk");
        assert!(!agenda.spills((4, 9), 0));
    }

    #[test]
    fn runs_that_are_too_many_to_be_held_are_read_back() {
        let place = crate::model::Place { pool: [1; 16], limit: 1, of: None };
        let terms = Arc::new(Terms { places: vec![place], ..Terms::default() });
        let candidate = |row: i64| Candidate {
            row,
            created: row as Millis,
            terms: terms.clone(),
            has_begun: false,
            ticket: ((row as Millis, row), Listed::Open),
        };
        let mut agenda = Agenda::default();
        for row in 0..=limits::HELD_MAX as i64 {
            assert!(agenda.may_hold((row as Millis, row), Listed::Open));
            agenda.gates.admit(candidate(row), 0);
        }
        let next = limits::HELD_MAX as i64 + 1;
        assert!(!agenda.may_hold((next as Millis, next), Listed::Open), "it stays on disk");
        assert!(agenda.may_hold((next as Millis, next), Listed::Not), "where a young one is not yet");
        assert!(!agenda.wants_refill());
        for row in 0..=limits::HELD_MAX as i64 / 2 {
            let served = agenda.gates.leave(row, true);
            agenda.serve(served);
            agenda.take(Millis::MAX);
        }
        assert!(agenda.wants_refill());
        assert_eq!(agenda.refill_from().0, (next as Millis, next));
    }

    #[test]
    fn listing_the_young_keeps_their_turns() {
        let mut agenda = Agenda::default();
        agenda.add_young((5, 1), None);
        assert_eq!(agenda.list_young(), [(5, 1)]);
        let taken = agenda.take(5).expect("its turn");
        assert_eq!((taken.turn, taken.listed), ((5, 1), Listed::Open));
    }
}
