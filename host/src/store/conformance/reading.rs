//! Scenarios of people who look.

use super::world::{World, failed};
use crate::limits;
use crate::model::{Event, Json, Millis, Namespace, OpKey, RunId, Status};
use crate::store::{EventFilter, EventNames, LogLine, Publication, RunFilter, Store};

async fn list<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, filter: RunFilter) -> Vec<RunId> {
    let filter = RunFilter { limit: filter.limit.max(2), ..filter };
    let runs = world.store().runs(&world.namespace, filter).await.expect("read");
    runs.iter().map(|run| run.id).collect()
}

fn of(status: Status) -> RunFilter {
    RunFilter { status: Some(status), limit: 100, ..RunFilter::default() }
}

pub async fn shows_runs<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let published = world.publish(r#"{"name":"n"}"#, &["f"]).await;
    let id = published.started[0];
    let view = async || world.store().run(&world.namespace, id).await.expect("read").expect("known");
    let queued = view().await;
    assert_eq!((queued.id, queued.status, queued.events), (id, Status::Queued, vec![published.event]));
    assert_eq!((queued.function, queued.version), (world.function("f"), super::world::version(1)));
    let lease = world.lease_one().await;
    assert_eq!(view().await.status, Status::Running);
    world.append(&lease, 0..2).expect("held");
    world.park(&lease, world.now + 70).await;
    let parked = view().await;
    assert_eq!((parked.status, parked.due, parked.journal.len()), (Status::Queued, Some(world.now + 70), 2));
    let lease = world.store().lease(1, world.now + 70).await.expect("leased").remove(0);
    world.complete(&lease).await;
    let ended = view().await;
    assert_eq!((ended.status, ended.due, ended.journal.len()), (Status::Completed, None, 2));
    assert!(ended.ended.is_some_and(|end| end.at == world.now));
    let nobody = world.store().run(&world.namespace, world.ids.run(world.now)).await.expect("read");
    assert!(nobody.is_none());
}

pub async fn filters_runs<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let mut runs = Vec::new();
    for function in ["f", "f", "f", "g", "g"] {
        runs.extend(world.publish(r#"{"name":"n"}"#, &[function]).await.started);
    }
    let leases = world.lease(4).await;
    world.complete(&leases[0]).await;
    world.settle(&leases[1], world.end(failed(), Vec::new())).await;
    world.park(&leases[2], world.now + 5).await;
    let [completed, failed, parked, executing, queued] = runs[..] else { panic!("five were started") };
    assert_eq!(list(&world, of(Status::Completed)).await, [completed]);
    assert_eq!(list(&world, of(Status::Failed)).await, [failed]);
    assert_eq!(list(&world, of(Status::Queued)).await, [queued, parked]);
    assert_eq!(list(&world, of(Status::Running)).await, [executing]);
    assert_eq!(list(&world, of(Status::Cancelled)).await, []);
    let page = RunFilter { limit: 2, ..RunFilter::default() };
    assert_eq!(list(&world, page.clone()).await, [queued, executing]);
    assert_eq!(list(&world, RunFilter { before: Some(executing), ..page }).await, [parked, failed]);
    let of_f = RunFilter { function: Some("shop-f".into()), limit: 100, ..RunFilter::default() };
    assert_eq!(list(&world, of_f.clone()).await, [parked, failed, completed]);
    assert_eq!(list(&world, RunFilter { status: Some(Status::Queued), ..of_f }).await, [parked]);
    let of_none = RunFilter { function: Some("shop-none".into()), limit: 100, ..RunFilter::default() };
    assert_eq!(list(&world, of_none).await, []);
    world.close_and_open().await;
    assert_eq!(list(&world, of(Status::Queued)).await, [queued, executing, parked]);
    lists_dead_letters(&world).await;
}

pub async fn filters_events<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let start = world.now;
    let mut sent = Vec::new();
    for name in ["a", "b", "a", "b"] {
        sent.push(world.publish(&format!(r#"{{"name":"{name}"}}"#), &[]).await.event);
        world.now += 10;
    }
    let own = world.ids.event(world.now);
    let data = Json::trusted("{}");
    let event = Event::lifecycle("inngest/function.finished", own, &world.namespace, "x", world.now, &data);
    world.store().publish(0, vec![Publication { event: event.into(), runs: Vec::new() }]).await.expect("published");
    let list = async |filter| {
        let events = world.store().events(&world.namespace, filter).await.expect("read");
        events.iter().map(|event| event.id).collect::<Vec<_>>()
    };
    let [first, second, third, fourth] = sent[..] else { panic!("four were sent") };
    assert_eq!(list(EventFilter::default()).await, [own, fourth, third, second, first]);
    let filter = EventFilter { names: EventNames::Sent, ..EventFilter::default() };
    assert_eq!(list(filter.clone()).await, [fourth, third, second, first]);
    assert_eq!(list(EventFilter { limit: 2, before: Some(fourth), ..filter.clone() }).await, [third, second]);
    let between = EventFilter { from: Some(start + 10), until: Some(start + 20), ..filter.clone() };
    assert_eq!(list(between).await, [third, second]);
    assert_eq!(list(EventFilter { from: Some(Millis::MAX), ..filter.clone() }).await, []);
    assert_eq!(list(EventFilter { until: Some(Millis::MAX), limit: 1, ..filter.clone() }).await, [fourth]);
    assert_eq!(list(EventFilter { names: EventNames::One("b".into()), ..filter }).await, [fourth, second]);
}

async fn lists_dead_letters<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>) {
    let dead = RunFilter { dead_letters: true, limit: 100, ..RunFilter::default() };
    assert_eq!(list(world, dead.clone()).await, [], "a failed run that is no handler is no dead letter");
    let mut publication = world.publication(r#"{"name":"n"}"#, &["f"]);
    publication.runs[0].function = publication.runs[0].function.failure().into();
    let id = publication.runs[0].id;
    world.store().publish(0, vec![publication]).await.expect("published");
    for lease in world.lease(10).await.into_iter().filter(|lease| lease.run == id) {
        world.settle(&lease, world.end(failed(), Vec::new())).await;
    }
    assert_eq!(list(world, dead).await, [id]);
}

pub async fn keeps_namespaces_apart<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let here = world.publish(r#"{"name":"here"}"#, &["f"]).await;
    let lease = world.lease_one().await;
    world.settle(&lease, world.end(failed(), Vec::new())).await;
    let mut all = vec![(Namespace::default(), here)];
    for name in ["other", "third"] {
        world.namespace = Namespace::new(name).expect("a name");
        all.push((world.namespace.clone(), world.publish(r#"{"name":"there"}"#, &["f"]).await));
    }
    for (namespace, own) in &all {
        world.namespace = namespace.clone();
        let events = world.store().events(namespace, EventFilter::default()).await.expect("read");
        assert_eq!(events.iter().map(|event| event.id).collect::<Vec<_>>(), [own.event]);
        let runs = [list(&world, of(Status::Queued)).await, list(&world, of(Status::Failed)).await].concat();
        assert_eq!(runs, own.started);
        for (_, foreign) in all.iter().filter(|(other, _)| other != namespace) {
            let run = foreign.started[0];
            assert!(world.store().event(namespace, foreign.event).await.expect("read").is_none());
            assert!(world.store().runs_of_event(namespace, foreign.event).await.expect("read").is_none());
            assert!(world.store().run(namespace, run).await.expect("read").is_none());
            assert!(world.store().ended(namespace, run).await.expect("read").is_none());
        }
    }
}

fn line(order: u32, nth: u32, message: &str) -> LogLine {
    LogLine {
        attempt: 0,
        order,
        nth,
        step: (order == 1).then(|| OpKey::new("s", 2)),
        at: 5,
        level: "warn",
        message: message.to_owned(),
        fields: (nth == 1).then(|| Json::trusted(r#"{"a":1}"#)),
    }
}

pub async fn keeps_each_log_line_once<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let run = world.start().await;
    let lease = world.lease_one().await;
    world.store().log(&lease, vec![line(0, 0, "first"), line(1, 0, "second")]);
    world.store().log(&lease, vec![line(0, 0, "first, replayed"), line(1, 1, "third")]);
    let expected = [line(0, 0, "first"), line(1, 0, "second"), line(1, 1, "third")];
    let view = world.store().run(&world.namespace, run).await.expect("read").expect("known");
    assert_eq!(view.log, expected);
    world.store().log(&lease, vec![line(1, 0, "second, replayed")]);
    // Steps side by side number their lines alike.
    let beside = LogLine { step: Some(OpKey::new("s", 3)), ..line(1, 0, "of another step") };
    let in_body = LogLine { step: None, ..line(1, 1, "of the body") };
    world.store().log(&lease, vec![beside.clone(), in_body.clone(), beside.clone()]);
    let [first, second, third] = expected;
    let expected = [first, in_body, second, third, beside];
    world.complete(&lease).await;
    world.close_and_open().await;
    let view = world.store().run(&world.namespace, run).await.expect("read").expect("known");
    assert_eq!(view.log, expected);
}

pub async fn bounds_a_runs_log<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let runs = [world.start().await, world.start().await];
    let leases = world.lease(2).await;
    let max = limits::LOG_LINES_PER_RUN_MAX;
    for first in (0..max + 1_000).step_by(1_000) {
        world.store().log(&leases[0], (first..first + 1_000).map(|nth| line(0, nth, "x")).collect());
        world.store().run(&world.namespace, runs[0]).await.expect("read");
    }
    world.store().log(&leases[1], vec![line(0, 0, "mine")]);
    let log = async |run| world.store().run(&world.namespace, run).await.expect("read").expect("known").log;
    let lines = log(runs[0]).await;
    assert_eq!(lines.len(), max as usize + 1);
    assert!(lines[max as usize].message.contains("1000 more"), "{}", lines[max as usize].message);
    assert_eq!(log(runs[1]).await.len(), 1, "its neighbour is unharmed");
}
