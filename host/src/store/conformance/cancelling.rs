//! Scenarios of many runs that are to end at once.

use std::collections::BTreeSet;

use super::world::World;
use crate::limits;
use crate::model::{Mail, Millis, Namespace, RunId};
use crate::store::{Cancellation, CancellationView, Estimate, Lease, Store, Which};

/// All unended runs of that function.
fn all_of<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, function: &str) -> Cancellation {
    Cancellation {
        id: world.ids.cancellation(world.now),
        function: world.function(function),
        started_after: None,
        started_before: None,
        filter: None,
        which: Which::All,
    }
}

/// So many runs of that function, each of an event of its own with its number.
async fn start<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, function: &str, count: usize) -> Vec<RunId> {
    let json = |n| format!(r#"{{"name":"n","data":{{"n":{n}}}}}"#);
    let publications = (0..count).map(|n| world.publication(&json(n), &[function])).collect();
    let published = world.store().publish(0, publications).await.expect("published");
    published.into_iter().flat_map(|published| published.started).collect()
}

/// Which of the leased runs have been told to end, and why.
async fn told<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, leases: &[Lease]) -> BTreeSet<RunId> {
    let mut told = BTreeSet::new();
    for lease in leases {
        match world.store().mail(lease, 0).await.expect("read").as_slice() {
            [] => {}
            [(_, Mail::Cancel { reason })] if reason.starts_with("by cancellation ") => drop(told.insert(lease.run)),
            other => panic!("{other:?}"),
        }
    }
    told
}

async fn finished<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>) -> CancellationView {
    loop {
        let views = world.store().cancellations(&world.namespace).await.expect("read");
        match views.first() {
            Some(view) if view.is_finished => return view.clone(),
            Some(_) => tokio::task::yield_now().await,
            None => panic!("it is gone"),
        }
    }
}

pub async fn ends_any_number<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let many = limits::CANCELLED_AT_ONCE_MAX as usize * 3 + 10;
    let ended = start(&world, "f", 3).await;
    for lease in world.lease_all().await {
        world.complete(&lease).await;
    }
    let mut wanted = start(&world, "f", many).await;
    let mut others = start(&world, "g", 5).await;
    for lease in world.lease(many / 2).await {
        world.park(&lease, world.now + 1_000_000).await;
    }
    // Runs above the floor too.
    world.close_and_open().await;
    wanted.extend(start(&world, "f", 20).await);
    others.extend(start(&world, "g", 5).await);
    let all = all_of(&world, "f");
    let estimate = world.store().estimate(all.clone()).await.expect("read");
    assert_eq!(estimate, Estimate { runs: wanted.len() as u64, is_all: true });
    let begun = world.store().cancel_many(all.clone()).await.expect("begun");
    assert_eq!((begun.told, begun.is_finished), (limits::CANCELLED_AT_ONCE_MAX, false), "it does not hold up others");
    world.crash_and_open().await;
    let later = start(&world, "f", 2).await;
    let view = finished(&world).await;
    assert_eq!((view.cancellation, view.told), (all, wanted.len() as u64), "the next process goes on");
    let leases = world.lease_all().await;
    let told = told(&world, &leases).await;
    assert_eq!(told, wanted.into_iter().collect());
    assert!(ended.iter().chain(&others).chain(&later).all(|run| !told.contains(run)));
}

pub async fn ends_those_that_are_meant<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let start_of_all = world.now;
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(start(&world, "f", 2).await);
        world.now += 10;
    }
    let executing = world.lease_one().await;
    assert_eq!(executing.run, runs[0][0]);
    let at = |n: Millis| Some(start_of_all + 10 * n);
    let cases = [
        (Cancellation { started_after: at(3), ..all_of(&world, "f") }, runs[3].clone()),
        (Cancellation { started_before: at(1), which: Which::Waiting, ..all_of(&world, "f") }, vec![runs[0][1]]),
        (
            Cancellation {
                started_after: at(1),
                started_before: at(2),
                filter: Some("event.data.n == 1".into()),
                ..all_of(&world, "f")
            },
            vec![runs[1][1]],
        ),
        (Cancellation { filter: Some("event.data.n > 'x'".into()), ..all_of(&world, "f") }, vec![]),
        (all_of(&world, "nobody"), vec![]),
    ];
    let mut expected = BTreeSet::new();
    for (cancellation, runs) in cases {
        let estimate = world.store().estimate(cancellation.clone()).await.expect("read");
        let view = world.store().cancel_many(cancellation).await.expect("begun");
        assert_eq!(
            (view.told, estimate.runs, view.is_finished),
            (runs.len() as u64, runs.len() as u64, true),
            "{view:?}"
        );
        expected.extend(runs);
    }
    let mut leases = world.lease_all().await;
    leases.push(executing);
    assert_eq!(told(&world, &leases).await, expected);
    assert!(Cancellation { filter: Some("event.".into()), ..all_of(&world, "f") }.check().is_err());
}

pub async fn remembers_cancellations<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let here = world.namespace.clone();
    start(&world, "f", 3).await;
    world.namespace = Namespace::new("elsewhere").expect("a name");
    let foreign = world.store().cancel_many(all_of(&world, "f")).await.expect("begun");
    assert_eq!(foreign.told, 0, "runs of other namespaces are left alone");
    world.namespace = here.clone();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let view = world.store().cancel_many(all_of(&world, "f")).await.expect("begun");
        ids.insert(0, view.cancellation.id);
    }
    world.close_and_open().await;
    let list = async |world: &World<'_, S, _>| {
        let views = world.store().cancellations(&here).await.expect("read");
        views.iter().map(|view| view.cancellation.id).collect::<Vec<_>>()
    };
    assert_eq!(list(&world).await, ids, "newest first");
    assert_eq!(
        world.store().forget_cancellation(&here, foreign.cancellation.id).await,
        Ok(false),
        "it is not from here"
    );
    assert_eq!(world.store().forget_cancellation(&here, ids[0]).await, Ok(true));
    assert_eq!(world.store().forget_cancellation(&here, ids[0]).await, Ok(false));
    assert_eq!(list(&world).await, ids[1..]);
    for _ in 0..limits::CANCELLATIONS_MAX {
        world.store().cancel_many(all_of(&world, "f")).await.expect("the oldest is forgotten");
    }
    let kept = list(&world).await;
    assert!(kept.len() < limits::CANCELLATIONS_MAX + 1 && !kept.contains(&ids[1]));
}

pub async fn stops_a_cancellation<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let many = limits::CANCELLED_AT_ONCE_MAX as usize * 12;
    start(&world, "f", many).await;
    let all = all_of(&world, "f");
    let (begun, forgotten) = tokio::join!(
        world.store().cancel_many(all.clone()),
        world.store().forget_cancellation(&world.namespace, all.id)
    );
    assert_eq!((begun.map(|view| view.told), forgotten), (Ok(limits::CANCELLED_AT_ONCE_MAX), Ok(true)));
    let told = told(&world, &world.lease_all().await).await.len();
    assert!((limits::CANCELLED_AT_ONCE_MAX as usize..many).contains(&told), "{told} were told to end");
    assert_eq!(world.store().cancellations(&world.namespace).await, Ok(Vec::new()));
}
