//! Holders of memory, and those that wait for more. Pure.
//!
//! Memory is given in the order in which it was asked for. A part of the total is kept for plugins that hold little, so
//! that one plugin cannot shut out the others. If every holder of memory waits for more, none would ever give any
//! back. Then the one that has waited longest gets what it asks for, beyond the total, until it ends.

use std::collections::{BTreeMap, VecDeque};

use crate::limits;

#[derive(Debug)]
pub struct Ledger<K, W> {
    total: usize,
    held: usize,
    owners: BTreeMap<K, usize>,
    claims: BTreeMap<u64, Held<K>>,
    line: VecDeque<Waiting<K, W>>,
    /// Gets what it asks for until it ends.
    favoured: Option<u64>,
}

#[derive(Debug)]
struct Held<K> {
    owner: K,
    bytes: usize,
}

#[derive(Debug)]
struct Waiting<K, W> {
    claim: u64,
    owner: K,
    more: usize,
    tell: W,
}

impl<K: Ord + Clone, W> Ledger<K, W> {
    pub fn new(total: usize) -> Self {
        let (owners, claims, line) = (BTreeMap::new(), BTreeMap::new(), VecDeque::new());
        Self { total, held: 0, owners, claims, line, favoured: None }
    }

    pub fn held(&self) -> usize {
        self.held
    }

    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.line.len()
    }

    /// Takes so much more if it is free and nobody waits before it.
    pub fn take(&mut self, claim: u64, owner: &K, more: usize) -> bool {
        let may = self.favoured == Some(claim) || self.fits(owner, more, !self.line.is_empty());
        if may {
            self.grant(claim, owner, more);
        }
        may
    }

    /// Stands in line for it.
    pub fn wait(&mut self, claim: u64, owner: &K, more: usize, tell: W) {
        self.line.push_back(Waiting { claim, owner: owner.clone(), more, tell });
    }

    /// Leaves the line.
    pub fn give_up(&mut self, claim: u64) {
        self.line.retain(|waiting| waiting.claim != claim);
    }

    /// Gives back all that the claim holds.
    pub fn leave(&mut self, claim: u64) {
        self.give_up(claim);
        if self.favoured == Some(claim) {
            self.favoured = None;
        }
        let Some(Held { owner, bytes }) = self.claims.remove(&claim) else { return };
        self.held -= bytes;
        if let Some(of_owner) = self.owners.get_mut(&owner) {
            *of_owner -= bytes;
            if *of_owner == 0 {
                self.owners.remove(&owner);
            }
        }
    }

    /// Grants one wait that can be granted now.
    pub fn serve(&mut self) -> Option<W> {
        let mut is_behind = false;
        let next = self.line.iter().position(|waiting| {
            let fits = self.fits(&waiting.owner, waiting.more, is_behind);
            is_behind = true;
            fits
        });
        let next = next.or_else(|| self.stuck())?;
        let Waiting { claim, owner, more, tell } = self.line.remove(next)?;
        self.grant(claim, &owner, more);
        Some(tell)
    }

    /// The party to favour if no other can go on.
    fn stuck(&mut self) -> Option<usize> {
        let holds = |waiting: &Waiting<K, W>| self.claims.contains_key(&waiting.claim);
        let waiting = self.line.iter().filter(|waiting| holds(waiting)).count();
        if self.line.is_empty() || waiting < self.claims.len() {
            return None;
        }
        let is_favoured = |waiting: &Waiting<K, W>| self.favoured.is_none_or(|favoured| favoured == waiting.claim);
        let first =
            self.line.iter().position(|waiting| (waiting_alone(waiting, &self.claims)) && is_favoured(waiting))?;
        self.favoured = Some(self.line[first].claim);
        Some(first)
    }

    /// `is_behind`: somebody waits before it, who must not be overtaken for ever by those who ask for less.
    fn fits(&self, owner: &K, more: usize, is_behind: bool) -> bool {
        let kept = self.total / limits::MEMORY_TOTAL_KEPT;
        let is_small = self.owners.get(owner).copied().unwrap_or(0).saturating_add(more) <= kept;
        let most = if is_small { self.total } else { self.total - kept };
        (is_small || !is_behind) && self.held.saturating_add(more) <= most
    }

    fn grant(&mut self, claim: u64, owner: &K, more: usize) {
        self.held += more;
        *self.owners.entry(owner.clone()).or_default() += more;
        self.claims.entry(claim).or_insert_with(|| Held { owner: owner.clone(), bytes: 0 }).bytes += more;
    }
}

/// Whether it holds memory, or nobody does.
fn waiting_alone<K, W>(waiting: &Waiting<K, W>, claims: &BTreeMap<u64, Held<K>>) -> bool {
    claims.is_empty() || claims.contains_key(&waiting.claim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(ledger: &mut Ledger<&'static str, u32>) -> Vec<u32> {
        std::iter::from_fn(|| ledger.serve()).collect()
    }

    #[test]
    fn order_is_kept_against_those_who_ask_for_less() {
        let mut ledger = Ledger::new(800);
        assert!(ledger.take(1, &"a", 500));
        ledger.wait(2, &"b", 600, 2);
        assert!(!ledger.take(3, &"c", 150), "two waits before it");
        ledger.wait(3, &"c", 150, 3);
        assert_eq!(served(&mut ledger), [0; 0]);
        ledger.leave(1);
        assert_eq!(served(&mut ledger), [2]);
        ledger.leave(2);
        assert_eq!((served(&mut ledger), ledger.held()), (vec![3], 150));
    }

    #[test]
    fn a_part_is_kept_for_plugins_that_hold_little() {
        let mut ledger = Ledger::new(800);
        for claim in 0..7 {
            assert!(ledger.take(claim, &"greedy", 100));
        }
        assert!(!ledger.take(7, &"greedy", 100), "the last eighth is not for it");
        ledger.wait(7, &"greedy", 100, 7);
        assert!(ledger.take(8, &"small", 90));
        assert_eq!(ledger.held(), 790);
        assert!(!ledger.take(9, &"small", 20), "there is not that much");
    }

    #[test]
    fn when_all_wait_for_more_the_first_gets_it_and_goes_on_until_its_end() {
        let mut ledger = Ledger::new(800);
        assert!(ledger.take(1, &"a", 300) && ledger.take(2, &"a", 300));
        ledger.wait(1, &"a", 400, 1);
        assert_eq!(served(&mut ledger), [0; 0], "the other one may still end");
        ledger.wait(2, &"a", 400, 2);
        assert_eq!(served(&mut ledger), [1]);
        assert!(ledger.take(1, &"a", 100), "it goes on");
        assert_eq!((served(&mut ledger), ledger.held()), (vec![], 1_100));
        ledger.leave(1);
        assert_eq!((served(&mut ledger), ledger.held()), (vec![2], 700));
    }

    #[test]
    fn one_that_stands_in_line_and_holds_nothing_keeps_nobody_up() {
        let mut ledger = Ledger::new(800);
        assert!(ledger.take(1, &"a", 600));
        ledger.wait(2, &"b", 300, 2);
        ledger.wait(1, &"a", 400, 1);
        assert_eq!(served(&mut ledger), [1]);
        ledger.leave(1);
        assert_eq!(served(&mut ledger), [2]);
    }

    #[test]
    fn more_than_the_total_is_given_to_one_alone() {
        let mut ledger = Ledger::new(800);
        ledger.wait(1, &"a", 900, 1);
        assert_eq!(served(&mut ledger), [1]);
        ledger.leave(1);
        assert_eq!(ledger.held(), 0);
    }

    #[test]
    fn who_gives_up_leaves_the_line() {
        let mut ledger = Ledger::new(800);
        assert!(ledger.take(1, &"a", 700));
        ledger.wait(2, &"b", 300, 2);
        ledger.give_up(2);
        ledger.leave(1);
        assert_eq!((served(&mut ledger), ledger.held()), (vec![], 0));
    }
}
