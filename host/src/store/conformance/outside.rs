//! Scenarios of what reaches a run from outside, and of what it does there.

use std::sync::Arc;

use super::world::{World, completed, failed};
use crate::model::{CancelOn, EventId, Invoker, Json, Mail, Millis, NewRun, OpKey};
use crate::store::{Cancelled, Done, Effect, Error, Lease, OnConflict, Signal, SignalWait, Store, Verdict, Wait};

fn key() -> OpKey {
    OpKey::new("op", 1)
}

async fn mail<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, lease: &Lease) -> Vec<Mail> {
    let letters = world.store().mail(lease, 0).await.expect("read");
    letters.into_iter().map(|(_, mail)| mail).collect()
}

async fn act<S: Store>(
    world: &World<'_, S, impl AsyncFn(&str) -> S>,
    lease: &Lease,
    effect: Effect,
) -> Result<Done, Error> {
    world.store().act(lease, key(), world.store().generation(), effect).await
}

fn wait(event: &str, filter: Option<&str>, until: Option<Millis>) -> Effect {
    let wait = Wait { event: event.into(), filter: filter.map(Into::into), until };
    Effect { wait: Some(wait), ..Effect::default() }
}

pub async fn wakes_who_has_mail<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let run = world.start().await;
    let lease = world.lease_one().await;
    assert_eq!(mail(&world, &lease).await, []);
    world.settle(&lease, Verdict::Park { due: Some(world.now + 1_000_000) }).await;
    assert!(world.lease(1).await.is_empty());
    for _ in 0..2 {
        let cancelled = world.store().cancel(&world.namespace, run, "told to").await;
        assert_eq!(cancelled, Ok(Cancelled::Accepted), "the run has not ended");
    }
    let lease = world.lease_one().await;
    let letters = vec![Mail::Cancel { reason: "told to".into() }; 2];
    assert_eq!(mail(&world, &lease).await, letters);
    assert_eq!(mail(&world, &lease).await, [], "it is told of once");
    world.settle(&lease, Verdict::Park { due: None }).await;
    assert!(world.lease(1).await.is_empty(), "who has been told of its mail is not woken for it again");
    world.crash_and_open().await;
    let lease = world.lease_one().await;
    assert_eq!(mail(&world, &lease).await, letters, "what was not taken is still there");
    world.complete(&lease).await;
    assert_eq!(world.store().cancel(&world.namespace, run, "again").await, Ok(Cancelled::Ended));
    let unknown = world.ids.run(world.now);
    assert_eq!(world.store().cancel(&world.namespace, unknown, "x").await, Ok(Cancelled::Unknown));
}

pub async fn tells_who_executes<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let run = world.start().await;
    let lease = world.lease_one().await;
    let (told, cancelled) =
        tokio::join!(world.store().mail_came(&lease), world.store().cancel(&world.namespace, run, "x"));
    assert_eq!((told, cancelled), ((), Ok(Cancelled::Accepted)));
    let letters = world.store().mail(&lease, 0).await.expect("read");
    world.store().took_mail(&lease, letters[0].0);
    world.settle(&lease, Verdict::Park { due: None }).await;
    world.crash_and_open().await;
    assert!(world.lease(1).await.is_empty(), "what was taken is gone");
}

/// A swap overtakes the plan of a run's end at the moment when its letters have been taken.
pub async fn keeps_the_letters_of_a_refused_end<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let run = world.start().await;
    let lease = world.lease_one().await;
    world.store().cancel(&world.namespace, run, "told to").await.expect("accepted");
    let letters = world.store().mail(&lease, 0).await.expect("read");
    world.store().took_mail(&lease, letters[0].0);
    let stale = world.end(completed(), Vec::new());
    super::plugins::activate(&world, 1).await;
    let refused = world.store().settle(&lease, stale).await;
    assert!(matches!(refused, Err(Error::StaleGeneration { .. })), "{refused:?}");
    world.crash_and_open().await;
    let lease = world.lease_one().await;
    assert_eq!(mail(&world, &lease).await, [Mail::Cancel { reason: "told to".into() }]);
    world.complete(&lease).await;
    world.crash_and_open().await;
    assert!(world.lease(1).await.is_empty(), "an end that was accepted takes its letters with it");
}

pub async fn acts_once<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    world.start().await;
    let lease = world.lease_one().await;
    let sending =
        || Effect { publications: vec![world.publication(r#"{"name":"shop/sent"}"#, &["g"])], ..Effect::default() };
    let (first, second) = (sending(), sending());
    let done = act(&world, &lease, first).await.expect("done");
    assert_eq!(act(&world, &lease, second.clone()).await, Ok(done.clone()), "under the same lease");
    world.crash_and_open().await;
    let leases = world.lease_all().await;
    assert_eq!(leases.len(), 2, "the run, and the one run that it has started");
    let lease = leases.into_iter().find(|lease| lease.function.function == "f".into()).expect("the run");
    assert_eq!(act(&world, &lease, second).await, Ok(done), "under another");
    let stale = world.store().act(&lease, OpKey::new("other", 0), 0, Effect::default()).await;
    assert!(matches!(stale, Ok(_) | Err(Error::StaleGeneration { .. })));
}

pub async fn answers_who_waits<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let filters = [None, Some("event.data.a == async.data.a"), Some("async.data.n > 5")];
    let mut leases = Vec::new();
    for filter in filters {
        world.start().await;
        let lease = world.lease_one().await;
        act(&world, &lease, wait("shop/paid", filter, None)).await.expect("waits");
        leases.push(lease);
    }
    world.publish(r#"{"name":"shop/other","data":{"a":1,"n":9}}"#, &[]).await;
    for lease in &leases {
        assert_eq!(mail(&world, lease).await, [], "another event is no answer");
    }
    let paid = world.publish(r#"{"name":"shop/paid","data":{"a":2,"n":9}}"#, &[]).await.event;
    assert_eq!(answer(&world, &leases[0]).await, Some(paid));
    assert_eq!(answer(&world, &leases[1]).await, None, "its filter says no");
    assert_eq!(answer(&world, &leases[2]).await, Some(paid));
    let paid = world.publish(r#"{"name":"shop/paid","data":{"a":1.0,"n":9}}"#, &[]).await.event;
    assert_eq!(answer(&world, &leases[0]).await, None, "a wait is answered once");
    assert_eq!(answer(&world, &leases[1]).await, Some(paid));
}

/// The event that answers the operation, if one has since it was last asked for.
async fn answer<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, lease: &Lease) -> Option<EventId> {
    match mail(world, lease).await.last()? {
        Mail::Answer { key: of, value: Ok(event) } if *of == key() => event.to_value()["id"].as_str()?.parse().ok(),
        other => panic!("{other:?} is no answer"),
    }
}

pub async fn waits_outlive_a_crash<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    world.start().await;
    let lease = world.lease_one().await;
    let until = Some(world.now + 1_000);
    act(&world, &lease, wait("shop/paid", Some("event.data.a == async.data.a"), until)).await.expect("waits");
    world.settle(&lease, Verdict::Park { due: None }).await;
    world.crash_and_open().await;
    world.publish(r#"{"name":"shop/paid","data":{"a":1}}"#, &[]).await;
    let lease = world.lease_one().await;
    assert!(matches!(mail(&world, &lease).await.as_slice(), [Mail::Answer { .. }]));
    world.complete(&lease).await;

    world.start().await;
    let lease = world.lease_one().await;
    act(&world, &lease, wait("shop/paid", None, Some(world.now + 1_000))).await.expect("waits");
    world.now += 2_000;
    world.publish(r#"{"name":"shop/paid"}"#, &[]).await;
    assert_eq!(mail(&world, &lease).await, [], "it came too late");
}

pub async fn cancels_by_events<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let on = CancelOn {
        event: "shop/start".into(),
        filter: Some("event.data.a == async.data.a".into()),
        timeout_ms: Some(1_000),
    };
    let mut publication = world.publication(r#"{"name":"shop/start","data":{"a":1}}"#, &["f"]);
    publication.runs = vec![NewRun { cancel_on: Arc::new([on]), ..publication.runs.remove(0) }];
    world.store().publish(world.store().generation(), vec![publication]).await.expect("published");
    let lease = world.lease_one().await;
    assert_eq!(mail(&world, &lease).await, [], "what starts a run does not cancel it");
    world.publish(r#"{"name":"shop/start","data":{"a":2}}"#, &[]).await;
    assert_eq!(mail(&world, &lease).await, []);
    world.now += 500;
    world.publish(r#"{"name":"shop/start","data":{"a":1}}"#, &[]).await;
    assert_eq!(mail(&world, &lease).await, [Mail::Cancel { reason: "by event shop/start".into() }]);
}

pub async fn tells_the_invoker<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let cancelled = crate::model::Outcome::Cancelled { reason: "told to".into() };
    for (outcome, is_ok) in [(completed(), true), (failed(), false), (cancelled, false)] {
        world.start().await;
        let caller = world.lease_one().await;
        let mut publication = world.publication(r#"{"name":"shop/invoked"}"#, &["g"]);
        let invoker = Some(Invoker { run: caller.run, key: key() });
        publication.runs = vec![NewRun { invoker: invoker.clone(), ..publication.runs.remove(0) }];
        let effect = Effect { publications: vec![publication], ..Effect::default() };
        act(&world, &caller, effect).await.expect("invoked");
        let callee = world.lease_one().await;
        assert_eq!(callee.invoker, invoker);
        world.settle(&caller, Verdict::Park { due: None }).await;
        world.settle(&callee, world.end(outcome, Vec::new())).await;
        let caller = world.lease_one().await;
        match mail(&world, &caller).await.as_slice() {
            [Mail::Answer { key: of, value }] => assert_eq!((of, value.is_ok()), (&key(), is_ok)),
            other => panic!("{other:?}"),
        }
        world.complete(&caller).await;
    }
}

pub async fn gives_a_signal_to_one<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let waiting = |on_conflict| {
        let wait = SignalWait { signal: "go".into(), on_conflict, until: world.now + 1_000 };
        Effect { signal_wait: Some(wait), ..Effect::default() }
    };
    let signal = || Signal { signal: "go".into(), data: Json::of(&7) };
    assert_eq!(world.store().signal(&world.namespace, signal()).await, Ok(None), "nobody waits");
    let (first, second) = (world.start().await, world.start().await);
    let leases = world.lease(2).await;
    act(&world, &leases[0], waiting(OnConflict::Fail)).await.expect("waits");
    let refused = act(&world, &leases[1], waiting(OnConflict::Fail)).await;
    assert_eq!(refused, Err(Error::SignalTaken { signal: "go".into(), holder: first }));
    act(&world, &leases[1], waiting(OnConflict::Replace)).await.expect("takes its place");
    assert_eq!(world.store().signal(&world.namespace, signal()).await, Ok(Some(second)));
    assert_eq!(mail(&world, &leases[0]).await, []);
    let value = Json::of(&serde_json::json!({ "signal": "go", "data": 7 }));
    assert_eq!(mail(&world, &leases[1]).await, [Mail::Answer { key: key(), value: Ok(value) }]);
    assert_eq!(world.store().signal(&world.namespace, signal()).await, Ok(None), "it was taken");
}
