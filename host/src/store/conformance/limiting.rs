//! Flow control: places, paces, locks, and runs that gather events.

use std::sync::Arc;

use super::world::{World, interruptions};
use crate::limits;
use crate::model::{
    Door, Entry, Gather, HeldBy, LimitKey, Millis, NewRun, Outcome, Pace, Place, Record, RunId, SingletonMode, Status,
    Terms, Throttled,
};
use crate::store::{Cancelled, Lease, Pause, Publication, RunView, Store, Urgency};

const EVENT: &str = r#"{"name":"n"}"#;

fn place(limit: u32) -> Place {
    Place { pool: [1; 16], limit, of: Some("event.data.user = \"ada\"".into()) }
}

/// An event that starts `f` under these terms.
fn publication<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, terms: Terms, door: Door) -> Publication {
    let event = world.event(EVENT);
    let run = NewRun { terms: Some(Arc::new(terms)), door, ..world.new_run("f") };
    Publication { event, runs: vec![run] }
}

async fn start<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, terms: Terms, door: Door) -> RunId {
    let published = world.store().publish(0, vec![publication(world, terms, door)]).await.expect("published");
    published[0].started[0]
}

/// The executor of a run with terms says so first.
fn begin<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, lease: &Lease) {
    let order = lease.journal.last().map_or(0, |record| record.order + 1);
    let begun = Record { order, at: world.now, entry: Entry::Began };
    world.store().append(lease, vec![begun], Urgency::Lazy).expect("taken");
}

async fn start_under<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, terms: &Terms) -> RunId {
    start(world, terms.clone(), Door::default()).await
}

async fn view<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, run: RunId) -> RunView {
    world.store().run(&world.namespace, run).await.expect("read").expect("there")
}

fn runs(leases: &[Lease]) -> Vec<RunId> {
    leases.iter().map(|lease| lease.run).collect()
}

pub async fn lets_no_more_execute_than_there_are_places<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let terms = Terms { places: vec![place(2)], ..Terms::default() };
    let mut started = Vec::new();
    for _ in 0..5 {
        started.push(start_under(&world, &terms).await);
    }
    let free = world.start().await;
    let leases = world.lease_all().await;
    assert_eq!(runs(&leases), [started[0], started[1], free], "who has no limit waits for nobody");
    let held = view(&world, started[2]).await.held_by;
    assert_eq!(held, Some(HeldBy::Concurrency { limit: 2, of: place(2).of }));
    assert!(!world.store().widen(&leases[0]));
    world.park(&leases[0], world.now + 1_000).await;
    let next = world.lease_all().await;
    assert_eq!(runs(&next), [started[2]], "what waits for a time has no place");
    assert!(world.store().widen(&leases[2]), "no limit, no end");
    // A run with more than one place gives them back with the lease.
    world.complete(&leases[1]).await;
    let third = world.lease_all().await;
    assert_eq!(runs(&third), [started[3]]);
    world.crash_and_open().await;
    let after = world.lease_all().await;
    assert_eq!(after.len(), 3, "nobody executes after a crash: {after:?}");
    assert_eq!(runs(&after)[..2], [started[2], started[3]]);
    world.now += 1_000;
    assert_eq!(runs(&world.lease_all().await), [], "it would go on");
    world.complete(&after[0]).await;
    assert_eq!(runs(&world.lease_all().await), [started[0]], "the oldest first");
}

pub async fn gives_more_places_while_there_are_some<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let terms = Terms { places: vec![place(3)], ..Terms::default() };
    start_under(&world, &terms).await;
    let first = world.lease_one().await;
    assert!(world.store().widen(&first) && world.store().widen(&first) && !world.store().widen(&first));
    let second = start_under(&world, &terms).await;
    assert_eq!(runs(&world.lease_all().await), []);
    world.store().narrow(&first);
    assert!(world.gets_news().await);
    let leases = world.lease_all().await;
    assert_eq!(runs(&leases), [second]);
    assert!(!world.store().widen(&first), "it would have another");
    world.complete(&leases[0]).await;
    world.store().mail_came(&first).await;
    assert!(world.store().widen(&first), "and is told");
}

pub async fn starts_at_a_pace<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let pace = Pace { limit: 1, period_ms: 10_000, burst: 1, key: [2; 16] };
    let terms = Terms { throttle: Some(Throttled { pace, of: None }), ..Terms::default() };
    let mut started = Vec::new();
    for _ in 0..3 {
        started.push(start_under(&world, &terms).await);
    }
    let lost = world.lease_one().await;
    assert_eq!(lost.run, started[0]);
    world.crash_and_open().await;
    world.now += 10_000;
    // Whether its start was noted or not: that of one that has nothing to show for it counts once more.
    let first = world.lease_one().await;
    assert_eq!((first.run, interruptions(&first)), (started[0], 1));
    assert_eq!(runs(&world.lease_all().await), []);
    assert_eq!(world.store().next_due(), Some(world.now + 10_000));
    begin(&world, &first);
    world.store().flush(&first).await.expect("durable, and the start with it");
    world.now += 9_000;
    world.crash_and_open().await;
    let again = world.lease_all().await;
    assert_eq!(runs(&again), [started[0]], "what has begun goes on, and what has not is still too early");
    world.complete(&again[0]).await;
    world.now += 1_000;
    assert_eq!(runs(&world.lease_all().await), [started[1]]);
    world.now += 10_000;
    assert_eq!(runs(&world.lease_all().await), [started[2]]);
}

pub async fn keeps_a_runs_place_to_its_end<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let terms = Terms { run_place: Some(place(1)), ..Terms::default() };
    let first = start_under(&world, &terms).await;
    let second = start_under(&world, &terms).await;
    let lease = world.lease_one().await;
    begin(&world, &lease);
    world.park(&lease, world.now + 1_000).await;
    assert_eq!(runs(&world.lease_all().await), [], "it sleeps, and keeps it");
    world.crash_and_open().await;
    assert_eq!(runs(&world.lease_all().await), [], "behind a crash too");
    world.now += 1_000;
    let lease = world.lease_one().await;
    assert_eq!(lease.run, first);
    world.complete(&lease).await;
    assert_eq!(runs(&world.lease_all().await), [second]);
}

pub async fn lets_through_who_is_to_end<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let terms = Terms { places: vec![place(1)], ..Terms::default() };
    start_under(&world, &terms).await;
    let first = world.lease_one().await;
    let held = start_under(&world, &terms).await;
    let late = Terms { start_by: Some(world.now + 500), ..terms.clone() };
    let late = start_under(&world, &late).await;
    assert_eq!(runs(&world.lease_all().await), []);
    assert_eq!(world.store().cancel(&world.namespace, held, "x").await, Ok(Cancelled::Accepted));
    assert_eq!(runs(&world.lease_all().await), [held], "it needs no place for that");
    world.now += 500;
    assert_eq!(runs(&world.lease_all().await), [late]);
    let next = start_under(&world, &terms).await;
    assert_eq!(runs(&world.lease_all().await), [], "they have taken none, nor given one back");
    world.complete(&first).await;
    assert_eq!(runs(&world.lease_all().await), [next]);
}

pub async fn holds_any_number<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let terms = Arc::new(Terms { places: vec![place(1)], ..Terms::default() });
    let many = limits::READY_IN_MEMORY_MAX + limits::YOUNG_RUNS_MAX as usize;
    let mut started = Vec::new();
    for first in (0..many).step_by(512) {
        let run = |_| {
            let run = NewRun { terms: Some(terms.clone()), ..world.new_run("f") };
            Publication { event: world.event(EVENT), runs: vec![run] }
        };
        let publications = (first..many.min(first + 512)).map(run).collect();
        for answer in world.store().publish(0, publications).await.expect("published") {
            started.extend(answer.started);
        }
    }
    let first = world.lease_all().await;
    assert_eq!(runs(&first), started[..1]);
    world.complete(&first[0]).await;
    world.crash_and_open().await;
    for wanted in &started[1..50] {
        let next = world.lease_all().await;
        assert_eq!(runs(&next), [*wanted]);
        world.complete(&next[0]).await;
    }
}

pub async fn locks_singletons<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    const KEY: LimitKey = [5; 16];
    let terms = Terms { singleton: Some(KEY), ..Terms::default() };
    let lock = |mode| Door { singleton: Some((KEY, mode)), ..Door::default() };
    let first = start(&world, terms.clone(), lock(SingletonMode::Skip)).await;
    let second = start(&world, terms.clone(), lock(SingletonMode::Skip)).await;
    assert_eq!(view(&world, second).await.status, Status::Skipped);
    let ended = world.store().ended(&world.namespace, second).await.expect("read").expect("there");
    assert!(matches!(ended.outcome, Outcome::Skipped { .. }), "{ended:?}");
    world.crash_and_open().await;
    let third = start(&world, terms.clone(), lock(SingletonMode::Cancel)).await;
    let leases = world.lease_all().await;
    assert_eq!(runs(&leases), [first, third]);
    let mail = world.store().mail(&leases[0], 0).await.expect("read");
    assert_eq!(mail.len(), 1, "it is to end: {mail:?}");
    world.complete(&leases[0]).await;
    let fourth = start(&world, terms.clone(), lock(SingletonMode::Skip)).await;
    assert_eq!(view(&world, fourth).await.status, Status::Skipped, "the third has the lock");
    world.complete(&leases[1]).await;
    let fifth = start(&world, terms, lock(SingletonMode::Skip)).await;
    assert_eq!(runs(&world.lease_all().await), [fifth]);
}

pub async fn gathers_events<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    const KEY: LimitKey = [6; 16];
    let terms = || Terms { gathers: Some(KEY), ..Terms::default() };
    let batch =
        |max_size| Door { gather: Some(Gather::Batch { key: KEY, max_size, timeout_ms: 10_000 }), ..Door::default() };
    let run = start(&world, terms(), batch(3)).await;
    world.now += 1_000;
    assert_eq!(start(&world, terms(), batch(3)).await, run);
    assert_eq!(view(&world, run).await.gathers, Some(2));
    assert_eq!(runs(&world.lease_all().await), []);
    world.crash_and_open().await;
    assert_eq!(start(&world, terms(), batch(3)).await, run);
    let lease = world.lease_one().await;
    assert_eq!((lease.run, lease.events.len()), (run, 3));
    // Many in one command, and what is full takes no more.
    let publications = (0..5).map(|_| publication(&world, terms(), batch(2))).collect();
    let published = world.store().publish(0, publications).await.expect("published");
    let started: Vec<RunId> = published.into_iter().map(|published| published.started[0]).collect();
    assert!(started[0] == started[1] && started[1] != started[2] && started[2] == started[3], "{started:?}");
    assert_eq!(runs(&world.lease_all().await), [started[0], started[2]]);
    world.now += 9_000;
    assert_eq!(world.store().cancel(&world.namespace, started[4], "x").await, Ok(Cancelled::Accepted));
    let other = start(&world, terms(), batch(2)).await;
    assert_ne!(other, started[4], "what is to end takes no more");
    assert_eq!(runs(&world.lease_all().await), [started[4]]);
    world.now += 10_000;
    assert_eq!(runs(&world.lease_all().await), [other], "its time is over");
}

pub async fn gathers_no_more_bytes_than_fit<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    const KEY: LimitKey = [6; 16];
    let terms = Terms { gathers: Some(KEY), ..Terms::default() };
    let door = Door { gather: Some(Gather::Batch { key: KEY, max_size: 100, timeout_ms: 10_000 }), ..Door::default() };
    let json = format!(r#"{{"name":"n","data":{{"x":"{}"}}}}"#, "y".repeat(limits::EVENT_MAX_BYTES - 100));
    let fit = limits::BATCH_MAX_BYTES.div_ceil(json.len());
    for n in 1..=fit {
        assert_eq!(runs(&world.lease_all().await), [], "{n} of {fit}");
        let run = NewRun { terms: Some(Arc::new(terms.clone())), door: door.clone(), ..world.new_run("f") };
        let publication = Publication { event: world.event(&json), runs: vec![run] };
        world.store().publish(0, vec![publication]).await.expect("published");
    }
    assert_eq!(world.lease_one().await.events.len(), fit, "it starts, long before its time");
}

pub async fn debounces<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    const KEY: LimitKey = [7; 16];
    let start_in = |ms: Millis, now: Millis| Terms { gathers: Some(KEY), start_by: Some(now + ms), ..Terms::default() };
    let gather = Gather::Debounce { key: KEY, period_ms: 5_000, timeout_ms: Some(12_000) };
    let door = || Door { gather: Some(gather.clone()), ..Door::default() };
    let begun = world.now;
    let run = start(&world, start_in(100, world.now), door()).await;
    for _ in 0..2 {
        world.now += 4_000;
        assert_eq!(runs(&world.lease_all().await), []);
        assert_eq!(start(&world, start_in(100, world.now), door()).await, run);
        world.crash_and_open().await;
    }
    world.now += 4_000;
    let lease = world.lease_one().await;
    assert_eq!((lease.run, lease.events[0].id.created()), (run, begun + 8_000), "the last event, at the latest then");
    let start_by = lease.terms.as_ref().and_then(|terms| terms.start_by);
    assert_eq!(start_by, Some(begun + 12_100), "its time to begin counts from there");
    let next = start(&world, start_in(100, world.now), door()).await;
    assert_ne!(next, run, "it has begun");
}

pub async fn pauses_functions<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let function = world.function("f");
    let running = world.start().await;
    world.store().pause(&function, Pause::Paused).await.expect("paused");
    world.crash_and_open().await;
    assert_eq!(world.store().paused().await.expect("read"), std::slice::from_ref(&function));
    let skipped = world.start().await;
    let other = world.publish(EVENT, &["g"]).await.started[0];
    assert_eq!(runs(&world.lease_all().await), [running, other]);
    assert_eq!(view(&world, skipped).await.status, Status::Skipped);
    world.store().pause(&function, Pause::Resumed).await.expect("resumed");
    let resumed = world.start().await;
    assert_eq!(runs(&world.lease_all().await), [resumed]);
}
