//! Scenarios of runs that take their turns.

use super::world::{World, all, orders, step};
use crate::limits;
use crate::model::RunId;
use crate::store::{Error, Store, Urgency, Verdict};

pub async fn takes_turns<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let mut started = Vec::new();
    for _ in 0..5 {
        started.push(world.start().await);
        world.now += 1;
    }
    let first: Vec<RunId> = world.lease(2).await.iter().map(|lease| lease.run).collect();
    let rest: Vec<RunId> = world.lease(10).await.iter().map(|lease| lease.run).collect();
    assert_eq!([first, rest].concat(), started, "oldest first, each once");
    assert!(world.lease(10).await.is_empty());
    assert!(world.lease(0).await.is_empty());
}

pub async fn wakes_when_due<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    for _ in 0..4 {
        world.start().await;
    }
    let leases = world.lease(4).await;
    world.park(&leases[0], world.now + 300).await;
    world.park(&leases[1], world.now + 100).await;
    world.park(&leases[2], world.now + 200).await;
    world.settle(&leases[3], Verdict::Park { due: None }).await;
    assert_eq!(world.store().next_due(), Some(world.now + 100));
    assert!(world.lease(4).await.is_empty(), "none is due");
    world.now += 250;
    let woken = world.lease(4).await;
    let runs: Vec<_> = woken.iter().map(|lease| lease.run).collect();
    assert_eq!(runs, [leases[1].run, leases[2].run], "those that are due, by their time");
    assert!(woken[0].epoch > leases[1].epoch, "each lease has a greater epoch");
    assert_eq!(world.store().next_due(), Some(world.now + 50));
    world.now += 1_000_000;
    assert_eq!(world.lease(4).await[0].run, leases[0].run);
    assert_eq!(world.store().next_due(), None, "the last waits for something else than time");
    let view = world.store().run(&world.namespace, leases[3].run).await.expect("read").expect("known");
    assert_eq!(view.due, None);
}

pub async fn tells_of_what_is_ready<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    while world.has_news().await {}
    assert!(world.store().is_idle());
    world.start().await;
    assert!(!world.store().is_idle(), "a run is ready");
    assert!(world.gets_news().await, "what happened before the question counts");
    assert!(!world.has_news().await, "once");
    let lease = world.lease_one().await;
    let (told, ()) = tokio::join!(world.gets_news(), world.park(&lease, world.now + 500));
    assert!(told, "the next due time has become known");
    assert!(world.store().is_idle(), "it only sleeps");
    world.start().await;
    assert!(world.gets_news().await);
    let other = world.lease_one().await;
    assert!(!world.store().is_idle(), "a run executes");
    world.park(&other, world.now + 100).await;
    assert!(world.gets_news().await, "the next due time has moved forward");
    assert_eq!(world.store().next_due(), Some(world.now + 100));
}

pub async fn gives_back_what_is_released<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let run = world.start().await;
    let lease = world.lease_one().await;
    world.append(&lease, 0..2).expect("held");
    world.settle(&lease, Verdict::Release).await;
    let again = world.lease_one().await;
    assert_eq!((again.run, orders(&again)), (run, vec![0, 1]), "as it was, with what it has recorded");
    world.park(&again, world.now + 10).await;
    world.now += 10;
    let parked = world.lease_one().await;
    world.settle(&parked, Verdict::Release).await;
    world.close_and_open().await;
    let last = world.lease_one().await;
    assert_eq!((last.run, orders(&last)), (run, vec![0, 1]), "no interruption is counted");
}

pub async fn keeps_the_journal<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    world.start().await;
    let lease = world.lease_one().await;
    world.append(&lease, 0..3).expect("held");
    world.store().append(&lease, vec![step(3, world.now)], Urgency::Eager).expect("held");
    world.store().flush(&lease).await.expect("held");
    world.store().flush(&lease).await.expect("nothing is left to do");
    world.append(&lease, 4..5).expect("held");
    tokio::time::sleep(std::time::Duration::from_millis(3 * limits::RECORD_WAIT_MS)).await;
    world.append(&lease, 5..6).expect("held");
    let gap = world.store().append(&lease, vec![step(9, world.now)], Urgency::Lazy);
    assert!(gap.is_err(), "orders have no gaps");
    world.park(&lease, world.now).await;
    let lease = world.lease_one().await;
    let expected: Vec<_> = (0..6).map(|order| step(order, world.now)).collect();
    assert_eq!(lease.journal, expected);
    world.now += 5;
    world.append(&lease, 6..7).expect("the orders go on");
    world.complete(&lease).await;
    let view = world.store().run(&world.namespace, lease.run).await.expect("read").expect("known");
    assert_eq!(view.journal.len(), 7);
    assert_eq!(view.journal[..6], expected);
    assert_eq!(view.journal[6], step(6, world.now));
}

pub async fn fences_who_has_lost_its_lease<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    world.start().await;
    let old = world.lease_one().await;
    assert!(world.store().holds(&old));
    world.park(&old, world.now).await;
    assert!(!world.store().holds(&old));
    let new = world.lease_one().await;
    let lost = |outcome: Result<(), Error>| assert!(matches!(outcome, Err(Error::LeaseLost(run)) if run == old.run));
    lost(world.append(&old, 0..1));
    lost(world.store().flush(&old).await);
    lost(world.store().settle(&old, Verdict::Release).await);
    world.store().log(&old, Vec::new());
    assert!(world.store().holds(&new), "the new one is unharmed");
    world.append(&new, 0..1).expect("held");
    world.complete(&new).await;
    lost(world.append(&new, 1..2));
}

pub async fn holds_any_backlog<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let many = 3 * limits::READY_IN_MEMORY_MAX;
    let mut started = Vec::new();
    for first in (0..many).step_by(512) {
        let publications = (first..many.min(first + 512)).map(|_| world.publication(r#"{"name":"n"}"#, &["f"]));
        for answer in world.store().publish(0, publications.collect()).await.expect("published") {
            started.extend(answer.started);
        }
        world.now += 1;
    }
    let leases = world.lease_all().await;
    let leased: Vec<RunId> = leases.iter().map(|lease| lease.run).collect();
    all(leases.iter().step_by(3).map(|lease| world.complete(lease))).await;
    assert_eq!(leased.len(), started.len());
    assert!(leased == started, "in the order in which they were accepted");
    world.start().await;
    assert_eq!(world.lease_all().await.len(), 1);
}

pub async fn holds_any_number_of_sleepers<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let many = 2 * limits::READY_IN_MEMORY_MAX + 100;
    let start = world.now;
    for first in (0..many).step_by(512) {
        let publications = (first..many.min(first + 512)).map(|_| world.publication(r#"{"name":"n"}"#, &["f"]));
        world.store().publish(0, publications.collect()).await.expect("published");
        let leases = world.lease(512).await;
        let parks = leases.iter().zip(first..).map(|(lease, number)| {
            // The later they come the earlier they are due.
            world.store().settle(lease, Verdict::Park { due: Some(start + 1_000_000 - number as u64) })
        });
        assert!(all(parks).await.iter().all(Result::is_ok), "parked");
    }
    let prompt = world.start().await;
    assert_eq!(world.lease_one().await.run, prompt, "sleepers are in nobody's way");
    world.now = start + 2_000_000;
    let woken = world.lease_all().await;
    assert_eq!(woken.len(), many);
    assert!(woken.windows(2).all(|pair| pair[0].run > pair[1].run), "the earliest due first");
}
