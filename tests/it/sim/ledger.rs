//! Executing runs, counted once more beside the store: no limit may be exceeded.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use stepwell::model::{Entry, LimitKey, Millis, Pace, Record, RunId};
use stepwell::store::Lease;

#[derive(Debug, Default)]
pub struct Ledger(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    now: Millis,
    /// Of each executing run its places: one from its first record on. Who is let through to end makes none.
    executing: HashMap<RunId, u32>,
    /// Of these, who has not been executed before.
    new: HashSet<RunId>,
    pools: HashMap<LimitKey, u32>,
    /// Runs that keep a place to their end.
    under_way: HashMap<RunId, LimitKey>,
    /// When throttled runs began.
    starts: HashMap<LimitKey, (Option<Pace>, BTreeMap<RunId, Millis>)>,
    problem: Option<String>,
}

impl Ledger {
    pub fn tick(&self, now: Millis) {
        self.book().now = now;
    }

    pub fn problem(&self) -> Option<String> {
        self.book().problem.clone()
    }

    pub fn leased(&self, lease: &Lease) {
        let mut book = self.book();
        // The driver takes the journal out.
        if !lease.journal.iter().any(|record| record.entry == Entry::Began) {
            book.new.insert(lease.run);
        }
        if book.executing.insert(lease.run, 0).is_some() {
            book.problem = Some(format!("run {} is leased twice", lease.run));
        }
    }

    /// Its first record says that it executes.
    pub fn recorded(&self, lease: &Lease, records: &[Record]) {
        let mut book = self.book();
        if records.is_empty() || book.executing.get(&lease.run) != Some(&0) {
            return;
        }
        book.executing.insert(lease.run, 1);
        let is_new = book.new.remove(&lease.run);
        book.change(lease, 1);
        let Some(terms) = &lease.terms else { return };
        if let Some(place) = &terms.run_place {
            book.under_way.insert(lease.run, place.pool);
            let count = book.under_way.values().filter(|pool| **pool == place.pool).count();
            if count > place.limit as usize {
                book.problem = Some(format!("{count} runs are under way where {} may be", place.limit));
            }
        }
        if let Some(throttled) = terms.throttle.as_ref().filter(|_| is_new) {
            let now = book.now;
            let starts = book.starts.entry(throttled.pace.key).or_default();
            starts.0 = Some(throttled.pace);
            starts.1.insert(lease.run, now);
        }
    }

    pub fn widened(&self, lease: &Lease) {
        self.book().change(lease, 1);
        *self.book().executing.entry(lease.run).or_default() += 1;
    }

    pub fn narrowed(&self, lease: &Lease) {
        self.book().change(lease, -1);
        *self.book().executing.entry(lease.run).or_default() -= 1;
    }

    pub fn gave_back(&self, lease: &Lease, has_ended: bool) {
        let mut book = self.book();
        let places = book.executing.remove(&lease.run).unwrap_or_default();
        book.new.remove(&lease.run);
        book.change(lease, -i64::from(places));
        if has_ended {
            book.under_way.remove(&lease.run);
        }
    }

    /// The host has died: nobody executes, and a run without a journal has not begun.
    pub fn crashed(&self, has_begun: impl Fn(RunId) -> bool) {
        let mut book = self.book();
        book.executing.clear();
        book.new.clear();
        book.pools.clear();
        book.under_way.retain(|run, _| has_begun(*run));
        book.starts.values_mut().for_each(|(_, starts)| starts.retain(|run, _| has_begun(*run)));
    }

    /// Of throttled runs no more have begun in any stretch of time than may.
    pub fn check_paces(&self) -> Result<(), String> {
        for (pace, starts) in self.book().starts.values() {
            let Some(pace) = pace else { continue };
            let mut times: Vec<Millis> = starts.values().copied().collect();
            times.sort_unstable();
            for (first, begin) in times.iter().enumerate() {
                for (last, end) in times.iter().enumerate().skip(first) {
                    let may = u64::from(pace.burst) + (end - begin) * u64::from(pace.limit) / pace.period_ms;
                    if (last - first) as u64 + 1 > may {
                        return Err(format!("{} runs began within {} ms, {pace:?}", last - first + 1, end - begin));
                    }
                }
            }
        }
        Ok(())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().expect("no panic while held")
    }
}

impl Book {
    fn change(&mut self, lease: &Lease, places: i64) {
        for place in lease.terms.iter().flat_map(|terms| &terms.places) {
            let count = self.pools.entry(place.pool).or_default();
            *count = count.saturating_add_signed(places as i32);
            if places > 0 && *count > place.limit {
                self.problem = Some(format!("{count} execute where {} may ({:?})", place.limit, place.of));
            }
        }
    }
}
