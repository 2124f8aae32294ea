//! Scenarios of runs that end.

use super::world::{World, completed, failed, orders};
use crate::model::{Event, Json, Outcome, Role, RunId, Status};
use crate::store::{Error, Lease, Publication, Store};

pub async fn tells_followers<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let run = world.start().await;
    let lease = world.lease_one().await;
    let impatient =
        tokio::time::timeout(std::time::Duration::from_millis(20), world.store().ended(&world.namespace, run));
    assert!(impatient.await.is_err(), "it has not ended");
    let (first, second, ()) = tokio::join!(
        world.store().ended(&world.namespace, run),
        world.store().ended(&world.namespace, run),
        world.complete(&lease)
    );
    let end = first.expect("read").expect("known");
    assert_eq!((end.run, end.at, &end.outcome, end.started.len()), (run, world.now, &completed(), 0));
    assert_eq!(second.expect("read").as_ref(), Some(&end));
    assert_eq!(world.store().ended(&world.namespace, run).await.expect("read").as_ref(), Some(&end));
    assert_eq!(world.store().ended(&world.namespace, world.ids.run(world.now)).await.expect("read"), None);
    world.close_and_open().await;
    assert_eq!(world.store().ended(&world.namespace, run).await.expect("read"), Some(end));
    assert!(world.lease(1).await.is_empty());
}

pub async fn ends_once<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let run = world.start().await;
    let lease = world.lease_one().await;
    let (one, other) = tokio::join!(
        world.store().settle(&lease, world.end(completed(), Vec::new())),
        world.store().settle(&lease, world.end(failed(), vec![world.publication(r#"{"name":"x"}"#, &["g"])]))
    );
    let lost = [&one, &other].into_iter().filter(|outcome| matches!(outcome, Err(Error::LeaseLost(_)))).count();
    assert_eq!(lost, 1, "{one:?} {other:?}");
    let outcome = world.store().ended(&world.namespace, run).await.expect("read").expect("known").outcome;
    assert_eq!(outcome == completed(), one.is_ok());
    assert_eq!(world.lease_all().await.len(), usize::from(other.is_ok()));
}

/// `inngest/function.failed` of the leased run, which starts its failure function.
fn lifecycle<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, lease: &Lease) -> Publication {
    let id = world.ids.event(world.now);
    let name = "inngest/function.failed";
    let sender_id = lease.run.to_string();
    let event = Event::lifecycle(name, id, &world.namespace, &sender_id, world.now, &Json::trusted("{}"));
    let mut run = world.new_run("f");
    run.function = lease.function.failure().into();
    run.failed_run = Some(lease.run);
    Publication { event: event.into(), runs: vec![run] }
}

pub async fn starts_what_the_end_starts<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let run = world.start().await;
    let lease = world.lease_one().await;
    let publication = lifecycle(&world, &lease);
    let (event, handler) = (publication.event.clone(), publication.runs[0].id);
    world.settle(&lease, world.end(failed(), vec![publication])).await;
    let end = world.store().ended(&world.namespace, run).await.expect("read").expect("known");
    assert_eq!(end.started, [handler]);
    let started = world.lease_one().await;
    assert_eq!((started.run, started.function.role, started.failed_run), (handler, Role::Failure, Some(run)));
    assert_eq!(started.events, std::slice::from_ref(&event));
    world.crash_and_open().await;
    let end = world.store().ended(&world.namespace, run).await.expect("read").expect("known");
    assert_eq!((end.started, end.outcome), (vec![handler], failed()));
    assert_eq!(world.lease_one().await.failed_run, Some(run), "it comes back");
    assert_eq!(world.store().event(&world.namespace, event.id).await.expect("read"), Some(event));
}

pub async fn refuses_a_stale_end<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let run = world.start().await;
    let lease = world.lease_one().await;
    world.append(&lease, 0..2).expect("held");
    let stale = world.end(failed(), vec![lifecycle(&world, &lease)]);
    super::plugins::activate(&world, 1).await;
    let refused = world.store().settle(&lease, stale).await.expect_err("stale");
    assert!(matches!(refused, Error::StaleGeneration { .. }), "{refused}");
    assert!(world.lease(1).await.is_empty(), "nothing was started");
    assert!(world.store().holds(&lease), "the lease goes on");
    world.append(&lease, 2..3).expect("held");
    world.settle(&lease, world.end(failed(), vec![lifecycle(&world, &lease)])).await;
    let (journal, _) = world.store().failed_run(run).await.expect("read").expect("it has failed");
    assert_eq!(journal.len(), 3, "what was recorded before is there");
    assert_eq!(world.lease_all().await.len(), 1);
}

pub async fn keeps_what_a_handler_needs<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let runs = [world.start().await, world.start().await];
    let leases = world.lease(2).await;
    world.append(&leases[0], 0..2).expect("held");
    world.park(&leases[0], world.now).await;
    let lease = world.lease_one().await;
    assert_eq!(orders(&lease), [0, 1]);
    world.append(&lease, 2..4).expect("held");
    assert!(world.store().failed_run(runs[0]).await.expect("read").is_none(), "it has not ended");
    world.settle(&lease, world.end(failed(), Vec::new())).await;
    world.complete(&leases[1]).await;
    world.close_and_open().await;
    let (journal, outcome) = world.store().failed_run(runs[0]).await.expect("read").expect("it has failed");
    assert_eq!((journal.len(), outcome), (4, failed()));
    assert!(world.store().failed_run(runs[1]).await.expect("read").is_none(), "it has completed");
    assert!(world.store().failed_run(world.ids.run(world.now)).await.expect("read").is_none());
    ends_of_any_size(&world).await;
}

async fn ends_of_any_size<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>) {
    let run: RunId = world.start().await;
    let lease = world.lease_one().await;
    let large = Outcome::Completed(Json::of(&"x".repeat(3 << 20)));
    world.settle(&lease, world.end(large.clone(), Vec::new())).await;
    let view = world.store().run(&world.namespace, run).await.expect("read").expect("known");
    assert_eq!(view.status, Status::Completed);
    assert!(view.ended.is_some_and(|end| end.outcome == large));
}
