//! Gates, one behind the other.

use super::*;
use crate::model::Pace;

fn place(pool: u8, limit: u32) -> Place {
    Place { pool: [pool; 16], limit, of: None }
}

fn throttled(period_ms: Millis) -> Option<Throttled> {
    Some(Throttled { pace: Pace { limit: 1, period_ms, burst: 1, key: [9; 16] }, of: None })
}

fn run(row: i64, terms: Terms) -> Candidate<()> {
    Candidate { row, created: row as Millis, terms: terms.into(), has_begun: false, ticket: () }
}

fn is_in(gates: &mut Gates<()>, candidate: Candidate<()>) -> bool {
    let now = gates.now;
    matches!(gates.admit(candidate, now), Admission::Admitted(_))
}

fn rows(served: Served<()>) -> Vec<i64> {
    served.admitted.into_iter().map(|candidate| candidate.row).collect()
}

const NOBODY: [i64; 0] = [];

fn limited(limit: u32) -> Terms {
    Terms { places: vec![place(1, limit)], ..Terms::default() }
}

#[test]
fn the_oldest_follows_who_leaves() {
    let mut gates = Gates::default();
    assert!(is_in(&mut gates, run(1, limited(1))));
    for row in [3, 2, 4] {
        assert!(!is_in(&mut gates, run(row, limited(1))));
    }
    assert_eq!(gates.held_by(3), Some(HeldBy::Concurrency { limit: 1, of: None }));
    assert_eq!(rows(gates.leave(1, false)), [2]);
    assert!(!is_in(&mut gates, run(5, limited(1))), "the place is taken already");
    assert!(is_in(&mut gates, run(2, limited(1))));
    assert_eq!(rows(gates.leave(2, true)), [3]);
    assert_eq!(rows(gates.leave(3, true)), [4]);
    assert_eq!(rows(gates.leave(4, true)), [5]);
    assert_eq!(rows(gates.leave(5, true)), NOBODY);
    assert!(gates.pools.is_empty() && gates.held.is_empty() && gates.taken.is_empty(), "{gates:?}");
}

#[test]
fn priority_makes_older() {
    let mut gates = Gates::default();
    assert!(is_in(&mut gates, run(1, limited(1))));
    assert!(!is_in(&mut gates, run(2, limited(1))));
    assert!(!is_in(&mut gates, run(3, Terms { priority_s: 600, ..limited(1) })));
    assert!(!is_in(&mut gates, run(4, Terms { priority_s: -600, ..limited(1) })));
    assert_eq!(rows(gates.leave(1, true)), [3]);
    assert_eq!(rows(gates.leave(3, true)), [2]);
    assert_eq!(rows(gates.leave(2, true)), [4]);
}

#[test]
fn each_keeps_its_own_limit() {
    let mut gates = Gates::default();
    assert!(is_in(&mut gates, run(1, limited(3))) && is_in(&mut gates, run(2, limited(3))));
    assert!(!is_in(&mut gates, run(3, limited(1))), "two are too many for it");
    assert!(is_in(&mut gates, run(4, limited(3))), "which does not keep out who allows for more");
    assert!(!is_in(&mut gates, run(5, limited(3))));
    assert_eq!(rows(gates.leave(1, true)), [5], "still too many for 3");
    assert_eq!(rows(gates.leave(2, true)), NOBODY);
    assert_eq!(rows(gates.leave(4, true)), NOBODY);
    assert_eq!(rows(gates.leave(5, true)), [3]);
}

#[test]
fn a_place_in_one_pool_is_not_taken_while_another_is_full() {
    let both = |row| run(row, Terms { places: vec![place(1, 1), place(2, 1)], ..Terms::default() });
    let of = |pool, row| run(row, Terms { places: vec![place(pool, 1)], ..Terms::default() });
    let mut gates = Gates::default();
    assert!(is_in(&mut gates, of(1, 1)) && is_in(&mut gates, of(2, 2)));
    assert!(!is_in(&mut gates, both(3)) && !is_in(&mut gates, of(1, 4)));
    assert_eq!(rows(gates.leave(1, true)), [4], "3 waits for the second pool and leaves the first to 4");
    assert_eq!(rows(gates.leave(2, true)), NOBODY, "3 now waits for the first");
    assert_eq!(rows(gates.leave(4, true)), [3]);
}

#[test]
fn throttled_runs_come_one_by_one_and_are_not_throttled_again() {
    let mut gates = Gates::default();
    let terms = || Terms { throttle: throttled(1_000), ..Terms::default() };
    let noted = gates.admit(run(1, terms()), 5_000);
    assert_eq!(noted, Admission::Admitted(Notes { pace: Some(([9; 16], 6_000_000_000)), run_place: None }));
    for row in 2..5 {
        assert!(!is_in(&mut gates, run(row, terms())));
    }
    assert_eq!(gates.next_due(), Some(6_000));
    assert_eq!(rows(gates.open(5_999)), NOBODY);
    assert_eq!(rows(gates.open(6_000)), [2]);
    assert_eq!(gates.next_due(), Some(7_000));
    assert_eq!(rows(gates.open(9_500)), [3], "late, the pace counts from then");
    assert_eq!(gates.next_due(), Some(10_500));
    gates.leave(2, false);
    assert!(is_in(&mut gates, Candidate { has_begun: true, ..run(2, terms()) }), "goes on");
    let remembered = HashMap::from([([9; 16], 20_000_000_000)]);
    let mut after = Gates::begin(remembered, HashMap::new());
    assert_eq!(after.admit(run(7, terms()), 15_000), Admission::Held, "it counts what came before a restart");
}

#[test]
fn paces_that_are_over_are_forgotten() {
    let mut gates = Gates::default();
    for row in 0..3 * PACES_MIN as i64 {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&row.to_le_bytes());
        let pace = Pace { limit: 1, period_ms: 1_000, burst: 1, key };
        let terms = Terms { throttle: Some(Throttled { pace, of: None }), ..Terms::default() };
        assert!(matches!(gates.admit(run(row, terms), 10 * row as Millis), Admission::Admitted(_)));
    }
    assert!(gates.paces.len() <= PACES_MIN + 1, "{}", gates.paces.len());
    assert!(gates.paces.values().filter(|pacing| pacing.arrival > Some(gates.now * 1_000_000)).count() == 100);
}

#[test]
fn a_run_keeps_its_own_place_to_its_end() {
    let mut gates = Gates::default();
    let terms = || Terms { run_place: Some(place(3, 1)), ..Terms::default() };
    assert!(is_in(&mut gates, run(1, terms())));
    assert!(!is_in(&mut gates, run(2, terms())));
    assert_eq!(rows(gates.leave(1, false)), NOBODY, "it sleeps");
    assert!(is_in(&mut gates, run(1, terms())), "and goes on");
    assert_eq!(rows(gates.leave(1, true)), [2]);
    let mut after = Gates::begin(HashMap::new(), HashMap::from([(2, [3; 16])]));
    assert!(!is_in(&mut after, run(4, terms())) && is_in(&mut after, run(2, terms())), "after a restart, too");
}

#[test]
fn more_places_are_taken_while_there_are_some() {
    let mut gates = Gates::default();
    assert!(is_in(&mut gates, run(1, limited(3))) && is_in(&mut gates, run(2, limited(3))));
    assert!(gates.widen(1) && !gates.widen(1));
    let served = gates.leave(2, true);
    assert_eq!((rows(served), gates.widen(1)), (vec![], true));
    assert!(!is_in(&mut gates, run(3, limited(3))));
    assert!(!gates.widen(1));
    assert_eq!(rows(gates.narrow(1)), [3], "who waits comes before who would have more");
    gates.narrow(1);
    assert!(is_in(&mut gates, run(4, limited(3))) && !is_in(&mut gates, run(5, limited(3))));
    assert_eq!(rows(gates.narrow(1)), [5], "while nothing of it executes, others have the last place as well");
    assert_eq!(rows(gates.narrow(1)), NOBODY, "it has none left");
    assert!(!gates.widen(1));
    assert_eq!((rows(gates.leave(5, true)), gates.widen(1)), (vec![], true));
    assert_eq!(rows(gates.leave(1, true)), NOBODY);
    assert!(is_in(&mut gates, run(6, limited(3))) && !is_in(&mut gates, run(7, limited(3))));
}

#[test]
fn who_is_not_begun_in_time_is_let_through_to_end() {
    let mut gates = Gates::default();
    assert!(is_in(&mut gates, run(1, limited(1))));
    assert!(!is_in(&mut gates, run(2, Terms { start_by: Some(50), ..limited(1) })));
    assert!(!is_in(&mut gates, run(3, limited(1))));
    assert_eq!(gates.next_due(), Some(50));
    assert_eq!(rows(gates.open(50)), [2]);
    assert!(is_in(&mut gates, run(2, limited(1))), "it takes no place");
    assert_eq!(rows(gates.leave(2, true)), NOBODY);
    assert!(gates.let_through(3).is_some() && gates.let_through(3).is_none());
    assert_eq!(rows(gates.leave(1, true)), NOBODY);
}
