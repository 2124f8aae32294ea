//! Runs that do others over.

use std::sync::Arc;

use super::world::{World, completed, failed, orders, step};
use crate::limits;
use crate::model::{Entry, Namespace, NewRun, Pace, Record, RunId, Terms, Throttled};
use crate::store::{
    BulkRetry, BulkRetryView, Code, Error, FailedRuns, Pause, Refusal, Repeat, Replay, Replayed, RunFilter, Store,
};

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

pub async fn remembers_bulk_retries<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let which = FailedRuns { function: Some("shop-f".into()), filter: Some("true".into()), ..FailedRuns::default() };
    let wish = |world: &World<'_, S, _>, code| BulkRetry {
        id: world.ids.bulk_retry(world.now),
        namespace: world.namespace.clone(),
        which: which.clone(),
        code,
    };
    let first = world.store().begin_bulk_retry(wish(&world, Code::Live)).await.expect("taken");
    let second = world.store().begin_bulk_retry(wish(&world, Code::Same)).await.expect("taken");
    let run = world.start().await;
    assert!(first.reached.to_bytes() < run.to_bytes(), "what fails later is not meant");
    world.crash_and_open().await;
    assert_eq!(world.store().unfinished_bulk_retry().await, Ok(Some(first.clone())), "the oldest comes first");
    assert_eq!(world.store().bulk_retries(&world.namespace).await, Ok(vec![second.clone(), first.clone()]));
    let refusals = vec![Refusal { run_id: run.to_string(), reason: "paused".into() }];
    let done = BulkRetryView { retried: 3, already: 2, refused: 1, refusals, is_finished: true, reached: run, ..first };
    assert_eq!(world.store().note_bulk_retry(done.clone()).await, Ok(true));
    world.crash_and_open().await;
    assert_eq!(world.store().bulk_retries(&world.namespace).await, Ok(vec![second.clone(), done.clone()]));
    assert_eq!(world.store().unfinished_bulk_retry().await, Ok(Some(second.clone())));
    let id = second.retry.id;
    let other = Namespace::new("other").expect("a name");
    assert_eq!(world.store().forget_bulk_retry(&other, id).await, Ok(false), "namespaces are apart");
    assert_eq!(world.store().forget_bulk_retry(&world.namespace, id).await, Ok(true));
    assert_eq!(world.store().note_bulk_retry(second).await, Ok(false), "it was forgotten");
    for _ in 0..limits::BULK_RETRIES_MAX {
        world.store().begin_bulk_retry(wish(&world, Code::Live)).await.expect("the one that has finished makes room");
    }
    let refused = world.store().begin_bulk_retry(wish(&world, Code::Live)).await;
    assert_eq!(refused, Err(Error::TooManyBulkRetries(limits::BULK_RETRIES_MAX)));
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
