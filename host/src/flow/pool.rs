//! Runs that execute at once under a limit, and runs that wait for a place.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Place;

/// The order of turns: the older run comes first. Its row tells runs of one time apart.
pub type Order = (i64, i64);

#[derive(Debug, Default)]
pub struct Pool {
    count: u32,
    /// Runs that wait for a place, by the limit that each of them keeps: functions that count together may have limits of
    /// their own.
    lines: BTreeMap<u32, BTreeSet<Order>>,
    /// Runs that have a place and would take another.
    wide: BTreeSet<Order>,
}

impl Pool {
    pub fn has_room(&self, place: &Place) -> bool {
        self.count < place.limit
    }

    pub fn enter(&mut self) {
        self.count += 1;
    }

    pub fn leave(&mut self, places: u32) {
        self.count = self.count.saturating_sub(places);
    }

    pub fn wait(&mut self, place: &Place, order: Order) {
        self.lines.entry(place.limit).or_default().insert(order);
    }

    pub fn want_more(&mut self, order: Order) {
        self.wide.insert(order);
    }

    /// Takes somebody out of the line.
    pub fn forget(&mut self, limit: u32, order: Order) {
        if let Some(line) = self.lines.get_mut(&limit) {
            line.remove(&order);
            if line.is_empty() {
                self.lines.remove(&limit);
            }
        }
    }

    /// The oldest of those for whom there is room.
    pub fn next(&self) -> Option<Order> {
        let open = self.lines.iter().filter(|(limit, _)| self.count < **limit);
        open.filter_map(|(_, line)| line.first().copied()).min()
    }

    /// Runs that would take another place, if one may be free: they ask again.
    pub fn wake_wide(&mut self) -> BTreeSet<Order> {
        std::mem::take(&mut self.wide)
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.lines.is_empty() && self.wide.is_empty()
    }
}
