//! Scenarios of hosts that stop and start again.

use super::world::{World, all, failed, interruptions, orders, step};
use crate::limits;
use crate::model::RunId;
use crate::store::{Store, Urgency, Verdict};

pub async fn brings_back_what_is_open<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    for is_crash in [true, false, true] {
        let before = world.lease_all().await.len();
        assert_eq!(before, 0, "each round leaves a clean house");
        let mut runs = Vec::new();
        for _ in 0..4 {
            runs.push(world.start().await);
        }
        let leases = world.lease(3).await;
        world.complete(&leases[0]).await;
        world.park(&leases[1], world.now + 1_000).await;
        world.settle(&leases[2], world.end(failed(), Vec::new())).await;
        match is_crash {
            true => world.crash_and_open().await,
            false => world.close_and_open().await,
        }
        assert!(world.gets_news().await, "there is something to do from the start");
        let ready = world.lease(10).await;
        assert_eq!(ready.iter().map(|lease| lease.run).collect::<Vec<_>>(), [runs[3]]);
        assert_eq!(world.store().next_due(), Some(world.now + 1_000));
        world.now += 1_000;
        let woken = world.lease(10).await;
        assert_eq!(woken.iter().map(|lease| lease.run).collect::<Vec<_>>(), [runs[1]]);
        for lease in ready.iter().chain(&woken) {
            assert_eq!((interruptions(lease), lease.events.len()), (0, 1));
            world.complete(lease).await;
        }
    }
}

pub async fn keeps_what_was_flushed<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    world.start().await;
    let lease = world.lease_one().await;
    world.append(&lease, 0..3).expect("held");
    world.store().flush(&lease).await.expect("held");
    world.store().append(&lease, vec![step(3, world.now)], Urgency::Lazy).expect("held");
    world.crash_and_open().await;
    let lease = world.lease_one().await;
    let flushed: Vec<_> = (0..3).map(|order| step(order, world.now)).collect();
    assert_eq!(lease.journal[..3], flushed, "what flush has answered for is there");
    assert_eq!(interruptions(&lease), 1);
    let all: Vec<u32> = (0..lease.journal.len() as u32).collect();
    assert_eq!(orders(&lease), all, "an interruption is a record like any other");
}

pub async fn counts_interruptions<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let runs = [world.start().await, world.start().await, world.start().await];
    let by_run = async |world: &World<'_, S, _>| -> Vec<(RunId, usize)> {
        let mut leases = world.lease_all().await;
        leases.sort_by_key(|lease| lease.run);
        leases.iter().map(|lease| (lease.run, interruptions(lease))).collect()
    };
    let lease = world.lease_one().await;
    world.crash_and_open().await;
    assert!(!world.store().holds(&lease), "leases end with the process");
    let counts = by_run(&world).await;
    assert_eq!(counts, [(runs[0], 1), (runs[1], 0), (runs[2], 0)], "only what was executing");
    world.crash_and_open().await;
    let leases = world.lease(3).await;
    world.park(&leases[0], world.now + 5).await;
    world.settle(&leases[1], Verdict::Release).await;
    world.complete(&leases[2]).await;
    world.crash_and_open().await;
    world.now += 5;
    assert_eq!(by_run(&world).await, [(runs[0], 2), (runs[1], 1)], "what was given back was not executing");
}

pub async fn remembers_its_plugins<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let generation = super::plugins::activate(&world, 1).await;
    world.crash_and_open().await;
    assert_eq!(world.store().generation(), generation);
    assert_eq!(super::plugins::activate(&world, 1).await, generation, "nothing has changed");
    let versions = world.store().versions().await.expect("read");
    assert_eq!(versions.iter().filter(|version| version.is_live).count(), 1);
}

/// More runs than a start may have to look at, some of which stay open over many others' lives.
pub async fn outlives_a_raised_floor<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let old = [world.start().await, world.start().await, world.start().await];
    let held = world.lease(2).await;
    let rounds = 2 * limits::YOUNG_RUNS_MAX as usize / 500 + 1;
    for _ in 0..rounds {
        let publications = (0..500).map(|_| world.publication(r#"{"name":"n"}"#, &["f"])).collect();
        world.store().publish(0, publications).await.expect("published");
        world.now += 1;
        let leases = world.lease(500).await;
        all(leases.iter().filter(|lease| lease.run != old[2]).map(|lease| world.complete(lease))).await;
    }
    world.append(&held[0], 0..1).expect("held");
    world.complete(&held[0]).await;
    world.park(&held[1], world.now + 5).await;
    world.crash_and_open().await;
    world.now += 5;
    let mut leases = world.lease_all().await;
    leases.sort_by_key(|lease| lease.run);
    assert_eq!(leases.first().map(|lease| lease.run), Some(old[1]));
    assert_eq!(leases.get(1).map(|lease| (lease.run, interruptions(lease))), Some((old[2], 1)));
    let view = world.store().ended(&world.namespace, old[0]).await.expect("read");
    assert!(view.is_some(), "it has ended and stays so");
}
