//! Runs that do others over.

use std::sync::Arc;

use super::world::{World, completed, failed, orders, step};
use crate::model::{Entry, NewRun, Pace, Record, RunId, Terms, Throttled};
use crate::store::{Error, Pause, Repeat, Replay, Replayed, RunFilter, Store};

fn replay<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, of: RunId, repeat: Repeat) -> Replay {
    let run = NewRun { replay_of: Some(of), ..world.new_run("f") };
    let replays = Record { order: 1, at: world.now, entry: Entry::Replays { of, from: None, input: None } };
    Replay { run, records: vec![step(0, world.now), replays], repeat }
}

async fn start_over<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, of: RunId, repeat: Repeat) -> Replayed {
    world.store().replay(world.store().generation(), replay(world, of, repeat)).await.expect("taken")
}

pub async fn does_a_run_over<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let of = world.start().await;
    let lease = world.lease_one().await;
    world.settle(&lease, world.end(failed(), Vec::new())).await;
    world.now += 1_000;
    let Replayed::Started(over) = start_over(&world, of, Repeat::Once).await else { panic!("it starts") };
    assert!(world.gets_news().await);
    assert_eq!(start_over(&world, of, Repeat::Once).await, Replayed::Before(over), "once");
    world.crash_and_open().await;
    assert_eq!(start_over(&world, of, Repeat::Once).await, Replayed::Before(over), "whatever happens");
    let again = world.lease_one().await;
    assert_eq!((again.run, orders(&again)), (over, vec![0, 1]));
    assert_eq!(again.events, lease.events);
    world.append(&again, 2..3).expect("it goes on behind them");
    world.settle(&again, world.end(completed(), Vec::new())).await;
    let Replayed::Started(third) = start_over(&world, of, Repeat::Again).await else { panic!("it starts") };
    let view = world.store().run(&world.namespace, of).await.expect("read").expect("there");
    assert_eq!((view.replay_of, view.replays), (None, vec![over, third]));
    let filter = RunFilter::default();
    let listed = world.store().runs(&world.namespace, filter).await.expect("read");
    assert_eq!(listed.iter().map(|run| run.replay_of).collect::<Vec<_>>(), [Some(of), Some(of), None]);
}

pub async fn does_no_more_over_than_a_limit<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let of = world.start().await;
    let lease = world.lease_one().await;
    world.settle(&lease, world.end(failed(), Vec::new())).await;
    let pace = Pace { limit: 1, period_ms: 10_000, burst: 1, key: [3; 16] };
    let terms = Arc::new(Terms { throttle: Some(Throttled { pace, of: None }), ..Terms::default() });
    for _ in 0..2 {
        let mut over = replay(&world, of, Repeat::Again);
        over.run.terms = Some(terms.clone());
        world.store().replay(0, over).await.expect("taken");
    }
    assert_eq!(world.lease_all().await.len(), 1, "results that are kept are no start");
    world.now += 10_000;
    assert_eq!(world.lease_all().await.len(), 1);
}

pub async fn refuses_to_do_it_over<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let of = world.start().await;
    world.store().pause(&world.function("f"), Pause::Paused).await.expect("paused");
    assert!(matches!(start_over(&world, of, Repeat::Again).await, Replayed::Refused(_)));
    world.store().pause(&world.function("f"), Pause::Resumed).await.expect("resumed");
    let mut unknown = replay(&world, world.ids.run(world.now), Repeat::Again);
    assert!(world.store().replay(0, unknown.clone()).await.is_err(), "there is no such run");
    unknown.run.replay_of = Some(of);
    unknown.run.id = of;
    assert!(matches!(world.store().replay(0, unknown).await, Err(Error::Engine(_))), "the id is in use");
    assert_eq!(world.lease_all().await.len(), 1, "only the first is there");
}
