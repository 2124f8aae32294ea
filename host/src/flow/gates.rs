//! All gates: who is let through, who is held where, and who follows when somebody leaves.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::pool::{Order, Pool};
use crate::model::{Arrival, HeldBy, LimitKey, Millis, Place, Terms, Throttled, arrives};

/// So few paces are not worth a look.
const PACES_MIN: usize = 1_024;

/// A run that wants to be executed. `T` is what its owner needs to know it again.
#[derive(Debug, Clone)]
pub struct Candidate<T> {
    pub row: i64,
    pub created: Millis,
    pub terms: Arc<Terms>,
    /// Whether it has been executed before.
    pub has_begun: bool,
    pub ticket: T,
}

impl<T> Candidate<T> {
    /// Older runs first, and a priority makes a run older.
    fn order(&self) -> Order {
        (self.created as i64 - i64::from(self.terms.priority_s) * 1_000, self.row)
    }
}

/// The facts to remember for good of a run that was let through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// The throttle's new arrival.
    pub pace: Option<(LimitKey, Arrival)>,
    /// The place that the run keeps to its end.
    pub run_place: Option<LimitKey>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    Admitted(Notes),
    Held,
}

/// The runs that follow when one has left.
#[derive(Debug)]
pub struct Served<T> {
    /// Runs that are no longer held: asked for again they are admitted.
    pub admitted: Vec<Candidate<T>>,
    /// Rows of executing runs that may ask for another place now.
    pub wider: Vec<i64>,
}

impl<T> Default for Served<T> {
    fn default() -> Self {
        Self { admitted: Vec::new(), wider: Vec::new() }
    }
}

#[derive(Debug, Clone)]
enum Gate {
    Place(Place),
    Run(Place),
    Pace(Throttled),
}

#[derive(Debug)]
struct Held<T> {
    candidate: Candidate<T>,
    gate: Gate,
}

/// The places that a run that was let through has taken.
#[derive(Debug)]
struct Taken {
    terms: Arc<Terms>,
    order: Order,
    /// Of each of its pools.
    places: u32,
    notes: Notes,
}

/// Runs that wait for their pace.
#[derive(Debug, Default)]
struct Pacing {
    arrival: Option<Arrival>,
    line: BTreeSet<Order>,
    timer: Option<Millis>,
}

#[derive(Debug)]
pub struct Gates<T> {
    pools: HashMap<LimitKey, Pool>,
    paces: HashMap<LimitKey, Pacing>,
    timers: BTreeSet<(Millis, LimitKey)>,
    held: HashMap<i64, Held<T>>,
    /// By when held runs have to begin.
    deadlines: BTreeSet<(Millis, i64)>,
    taken: HashMap<i64, Taken>,
    /// Runs that have a place to their end.
    under_way: HashMap<i64, LimitKey>,
    /// The latest time that was told.
    now: Millis,
    /// How many paces there may be before those that say nothing any more are looked for.
    paces_max: usize,
}

impl<T> Default for Gates<T> {
    fn default() -> Self {
        Self::begin(HashMap::new(), HashMap::new())
    }
}

impl<T> Gates<T> {
    /// With what was remembered: throttles' arrivals, and runs with a place to their end.
    pub fn begin(arrivals: HashMap<LimitKey, Arrival>, under_way: HashMap<i64, LimitKey>) -> Self {
        let paces =
            arrivals.into_iter().map(|(key, arrival)| (key, Pacing { arrival: Some(arrival), ..Pacing::default() }));
        let mut pools: HashMap<LimitKey, Pool> = HashMap::new();
        for pool in under_way.values() {
            pools.entry(*pool).or_default().enter();
        }
        Self {
            pools,
            paces: paces.collect(),
            timers: BTreeSet::new(),
            held: HashMap::new(),
            deadlines: BTreeSet::new(),
            taken: HashMap::new(),
            under_way,
            now: 0,
            paces_max: PACES_MIN,
        }
    }

    /// Lets the run through if every gate has room for it, else holds it at the first that has none.
    pub fn admit(&mut self, candidate: Candidate<T>, now: Millis) -> Admission {
        self.now = self.now.max(now);
        if let Some(taken) = self.taken.get_mut(&candidate.row) {
            return Admission::Admitted(std::mem::take(&mut taken.notes));
        }
        match self.enter(&candidate) {
            Ok(notes) => {
                self.take(&candidate, Notes::default());
                Admission::Admitted(notes)
            }
            Err(gate) => {
                self.hold(candidate, gate);
                Admission::Held
            }
        }
    }

    /// Lets a run through that is to end without being executed, whatever holds it; `None` if nothing does.
    pub fn let_through(&mut self, row: i64) -> Option<Candidate<T>> {
        let candidate = self.take_out(row)?;
        let taken =
            Taken { terms: candidate.terms.clone(), order: candidate.order(), places: 0, notes: Notes::default() };
        self.taken.insert(row, taken);
        Some(candidate)
    }

    /// Admits runs whose throttle or start deadline has come.
    pub fn open(&mut self, now: Millis) -> Served<T> {
        self.now = self.now.max(now);
        let mut served = Served::default();
        while let Some((_, row)) = self.deadlines.first().copied().filter(|(by, _)| *by <= self.now) {
            self.deadlines.pop_first();
            served.admitted.extend(self.let_through(row));
        }
        while let Some((_, key)) = self.timers.first().copied().filter(|(at, _)| *at <= self.now) {
            self.timers.pop_first();
            self.serve_pace(key, &mut served);
        }
        served
    }

    /// The run executes no more: it has ended, or it waits.
    pub fn leave(&mut self, row: i64, has_ended: bool) -> Served<T> {
        let mut left = Vec::new();
        if let Some(taken) = self.taken.remove(&row) {
            for place in taken.terms.places.iter().filter(|_| taken.places > 0) {
                self.pool(place.pool).leave(taken.places);
                left.push(place.pool);
            }
        }
        if has_ended && let Some(pool) = self.under_way.remove(&row) {
            self.pool(pool).leave(1);
            left.push(pool);
        }
        self.serve_pools(&left)
    }

    /// Takes one more place for an executing run. If no place is free, the run is told once one may be.
    pub fn widen(&mut self, row: i64) -> bool {
        let Some(taken) = self.taken.get_mut(&row) else { return true };
        let (terms, order) = (taken.terms.clone(), taken.order);
        if let Some(full) = terms.places.iter().find(|place| !has_room(&self.pools, place)) {
            self.pool(full.pool).want_more(order);
            return false;
        }
        taken.places += 1;
        terms.places.iter().for_each(|place| self.pool(place.pool).enter());
        true
    }

    /// Gives back one place of a leased run: the last as well, where no instance of it executes.
    pub fn narrow(&mut self, row: i64) -> Served<T> {
        let Some(taken) = self.taken.get_mut(&row).filter(|taken| taken.places > 0) else { return Served::default() };
        taken.places -= 1;
        let pools: Vec<LimitKey> = taken.terms.places.iter().map(|place| place.pool).collect();
        pools.iter().for_each(|pool| self.pool(*pool).leave(1));
        self.serve_pools(&pools)
    }

    /// When the time lets somebody through next.
    pub fn next_due(&self) -> Option<Millis> {
        let timer = self.timers.first().map(|(at, _)| *at);
        timer.into_iter().chain(self.deadlines.first().map(|(by, _)| *by)).min()
    }

    pub fn holds(&self, row: i64) -> bool {
        self.held.contains_key(&row)
    }

    /// How many are held.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    pub fn tickets_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.held.values_mut().map(|held| &mut held.candidate.ticket)
    }

    pub fn ticket_mut(&mut self, row: i64) -> Option<&mut T> {
        self.held.get_mut(&row).map(|held| &mut held.candidate.ticket)
    }

    /// The limit that holds the run.
    pub fn held_by(&self, row: i64) -> Option<HeldBy> {
        Some(match &self.held.get(&row)?.gate {
            Gate::Place(place) => HeldBy::Concurrency { limit: place.limit, of: place.of.clone() },
            Gate::Run(place) => HeldBy::RunConcurrency { limit: place.limit, of: place.of.clone() },
            Gate::Pace(Throttled { pace, of }) => {
                let until = self.paces.get(&pace.key).and_then(|pacing| pacing.timer).unwrap_or(self.now);
                HeldBy::Throttle { limit: pace.limit, period_ms: pace.period_ms, of: of.clone(), until }
            }
        })
    }

    /// Passes all gates or none.
    fn enter(&mut self, candidate: &Candidate<T>) -> Result<Notes, Gate> {
        let Candidate { row, terms, has_begun, .. } = candidate;
        let run_place = terms.run_place.as_ref().filter(|_| !self.under_way.contains_key(row));
        if let Some(full) = run_place.filter(|place| !has_room(&self.pools, place)) {
            return Err(Gate::Run(full.clone()));
        }
        if let Some(full) = terms.places.iter().find(|place| !has_room(&self.pools, place)) {
            return Err(Gate::Place(full.clone()));
        }
        let mut notes = Notes::default();
        if let Some(throttled) = terms.throttle.as_ref().filter(|_| !has_begun) {
            self.forget_paces();
            let pacing = self.paces.entry(throttled.pace.key).or_default();
            let arrival = throttled.pace.admit(pacing.arrival, self.now).map_err(|_| Gate::Pace(throttled.clone()))?;
            pacing.arrival = Some(arrival);
            notes.pace = Some((throttled.pace.key, arrival));
        }
        terms.places.iter().for_each(|place| self.pool(place.pool).enter());
        if let Some(place) = run_place {
            self.pool(place.pool).enter();
            self.under_way.insert(*row, place.pool);
            notes.run_place = Some(place.pool);
        }
        Ok(notes)
    }

    /// A pace says nothing any more once its arrival is past and nobody waits for it.
    fn forget_paces(&mut self) {
        if self.paces.len() > self.paces_max {
            let now = self.now;
            let is_over = |pacing: &Pacing| pacing.arrival.is_none_or(|arrival| arrives(arrival) <= now);
            self.paces.retain(|_, pacing| !pacing.line.is_empty() || !is_over(pacing));
            self.paces_max = (2 * self.paces.len()).max(PACES_MIN);
        }
    }

    fn take(&mut self, candidate: &Candidate<T>, notes: Notes) {
        let taken = Taken { terms: candidate.terms.clone(), order: candidate.order(), places: 1, notes };
        self.taken.insert(candidate.row, taken);
    }

    fn hold(&mut self, candidate: Candidate<T>, gate: Gate) {
        let (row, order) = (candidate.row, candidate.order());
        if let Some(by) = candidate.terms.start_by.filter(|_| !candidate.has_begun) {
            self.deadlines.insert((by, row));
        }
        match &gate {
            Gate::Place(place) | Gate::Run(place) => self.pool(place.pool).wait(place, order),
            Gate::Pace(throttled) => {
                self.paces.entry(throttled.pace.key).or_default().line.insert(order);
            }
        }
        let pace = match &gate {
            Gate::Pace(throttled) => Some(throttled.pace.key),
            _ => None,
        };
        self.held.insert(row, Held { candidate, gate });
        if let Some(key) = pace {
            self.set_timer(key);
        }
    }

    /// Takes a run out of the line in which it is held.
    fn take_out(&mut self, row: i64) -> Option<Candidate<T>> {
        let Held { candidate, gate } = self.held.remove(&row)?;
        if let Some(by) = candidate.terms.start_by {
            self.deadlines.remove(&(by, row));
        }
        match &gate {
            Gate::Place(place) | Gate::Run(place) => self.pool(place.pool).forget(place.limit, candidate.order()),
            Gate::Pace(throttled) => {
                if let Some(pacing) = self.paces.get_mut(&throttled.pace.key) {
                    pacing.line.remove(&candidate.order());
                }
                self.set_timer(throttled.pace.key);
            }
        }
        Some(candidate)
    }

    /// Rings when the first of the line may start.
    fn set_timer(&mut self, key: LimitKey) {
        let Some(pacing) = self.paces.get_mut(&key) else { return };
        if let Some(timer) = pacing.timer.take() {
            self.timers.remove(&(timer, key));
        }
        let first = pacing.line.first().and_then(|(_, row)| self.held.get(row));
        if let Some(Held { gate: Gate::Pace(throttled), .. }) = first {
            let at = throttled.pace.admit(pacing.arrival, self.now).err().unwrap_or(self.now);
            pacing.timer = Some(at);
            self.timers.insert((at, key));
        }
    }

    fn serve_pace(&mut self, key: LimitKey, served: &mut Served<T>) {
        while let Some((_, row)) = self.paces.get(&key).and_then(|pacing| pacing.line.first().copied()) {
            let Some(candidate) = self.take_out(row) else { return };
            match self.enter(&candidate) {
                Ok(notes) => {
                    self.take(&candidate, notes);
                    served.admitted.push(candidate);
                }
                Err(gate) => {
                    let is_too_soon = matches!(gate, Gate::Pace(_));
                    self.hold(candidate, gate);
                    if is_too_soon {
                        return;
                    }
                }
            }
        }
    }

    fn serve_pools(&mut self, pools: &[LimitKey]) -> Served<T> {
        let mut served = Served::default();
        for key in pools {
            while let Some((_, row)) = self.pools.get(key).and_then(Pool::next) {
                let Some(candidate) = self.take_out(row) else { break };
                match self.enter(&candidate) {
                    Ok(notes) => {
                        self.take(&candidate, notes);
                        served.admitted.push(candidate);
                    }
                    Err(gate) => self.hold(candidate, gate),
                }
            }
            let pool = self.pool(*key);
            served.wider.extend(pool.wake_wide().into_iter().map(|(_, row)| row));
            if pool.is_empty() {
                self.pools.remove(key);
            }
        }
        served
    }

    fn pool(&mut self, key: LimitKey) -> &mut Pool {
        self.pools.entry(key).or_default()
    }
}

fn has_room(pools: &HashMap<LimitKey, Pool>, place: &Place) -> bool {
    pools.get(&place.pool).is_none_or(|pool| pool.has_room(place))
}

#[cfg(test)]
mod tests;
