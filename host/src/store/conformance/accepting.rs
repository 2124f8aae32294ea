//! Scenarios of events that come in.

use super::world::{World, all};
use crate::limits;
use crate::model::{Event, EventId, Namespace, Pace, Status};
use crate::store::{Error, EventFilter, Publication, Store};

pub async fn starts_the_planned_runs<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let publication = world.publication(r#"{"name":"shop/a","id":"s1","data":{"x":"é"}}"#, &["f", "g"]);
    let published = world.store().publish(0, vec![publication.clone()]).await.expect("published").remove(0);
    assert_eq!(published.event, publication.event.id);
    assert_eq!(published.started, [publication.runs[0].id, publication.runs[1].id]);
    let event = world.store().event(&world.namespace, published.event).await.expect("read");
    assert_eq!(event, Some(publication.event.clone()));
    let leases = world.lease(10).await;
    assert_eq!(leases.len(), 2);
    for (lease, planned) in leases.iter().zip(&publication.runs) {
        assert_eq!((lease.run, &lease.function, lease.version), (planned.id, &planned.function, planned.version));
        assert_eq!((lease.secret, lease.failed_run), (planned.secret, None));
        assert_eq!(lease.events, std::slice::from_ref(&publication.event));
        assert_eq!(lease.journal, []);
    }
    let alone = world.publish(r#"{"name":"shop/unheard"}"#, &[]).await;
    assert_eq!(alone.started, []);
    let runs = world.store().runs_of_event(&world.namespace, published.event).await.expect("read").expect("known");
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), published.started);
    let none = world.store().runs_of_event(&world.namespace, world.ids.event(world.now)).await.expect("read");
    assert!(none.is_none(), "there is no such event");
}

pub async fn takes_an_event_once<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let first = world.publication(r#"{"name":"shop/a"}"#, &["f"]);
    let again = Publication { event: first.event.clone(), runs: vec![world.new_run("f")] };
    let answers = [
        world.store().publish(0, vec![first.clone()]).await.expect("published"),
        world.store().publish(0, vec![again.clone()]).await.expect("published"),
    ];
    assert_eq!(answers[0], answers[1], "a sender that asks again has missed the answer");
    world.close_and_open().await;
    assert_eq!(world.store().publish(0, vec![again]).await.expect("published"), answers[0]);
    assert_eq!(world.lease_all().await.len(), 1);
}

pub async fn takes_a_senders_id_once_a_day<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let json = r#"{"name":"shop/a","id":"order-1"}"#;
    assert_eq!(world.publish(json, &["f"]).await.started.len(), 1);
    let repeated = world.publication(json, &["f", "g"]);
    let id = repeated.runs[1].id;
    let answer = world.store().publish(0, vec![repeated]).await.expect("published").remove(0);
    assert_eq!(answer.started, [id], "f has run for it, g has not");
    world.crash_and_open().await;
    assert_eq!(world.publish(json, &["f", "g"]).await.started, [], "it remembers");
    assert_eq!(world.publish(r#"{"name":"shop/a","id":"order-2"}"#, &["f"]).await.started.len(), 1);
    world.namespace = Namespace::new("elsewhere").expect("a name");
    assert_eq!(world.publish(json, &["f"]).await.started.len(), 1, "ids of other namespaces do not count");
    world.namespace = Namespace::default();
    world.now += limits::SENDER_ID_MS - 1;
    assert_eq!(world.publish(json, &["f"]).await.started, []);
    world.now += 1;
    assert_eq!(world.publish(json, &["f"]).await.started.len(), 1, "a day later it counts no more");
    lifecycle_events_are_exempt(&world).await;
}

/// An event sent under that seed, which starts these functions.
fn seeded<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, seed: &str, functions: &[&str]) -> Publication {
    let publication = world.publication(r#"{"name":"shop/a","id":"order-1"}"#, functions);
    let event = Event { seed: Some(seed.into()), ..Event::clone(&publication.event) };
    Publication { event: event.into(), ..publication }
}

pub async fn takes_a_seed_for_its_event<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let send = async |world: &World<'_, S, _>, publication: Publication| {
        world.store().publish(0, vec![publication]).await.expect("published").remove(0)
    };
    let first = send(&world, seeded(&world, "s", &["f", "g"])).await;
    assert_eq!(first.started.len(), 2);
    let at_once = all((0..8).map(|_| send(&world, seeded(&world, "s", &["f", "h"])))).await;
    assert!(at_once.iter().all(|again| *again == first), "it is the same event");
    world.crash_and_open().await;
    assert_eq!(send(&world, seeded(&world, "s", &["f"])).await, first, "it remembers");
    assert_eq!(
        world.store().events(&world.namespace, EventFilter::default()).await.expect("read").len(),
        1,
        "and stores nothing"
    );
    let other = send(&world, seeded(&world, "t", &["f", "h"])).await;
    assert!(
        other.event != first.event && other.started.len() == 1,
        "another event of the same id, which f has run for"
    );
    world.namespace = Namespace::new("elsewhere").expect("a name");
    assert_eq!(
        send(&world, seeded(&world, "s", &["f"])).await.started.len(),
        1,
        "other namespaces' seeds do not count"
    );
    world.namespace = Namespace::default();
    world.now += limits::SEED_MS - 1;
    assert_eq!(send(&world, seeded(&world, "s", &["f"])).await, first);
    world.now += 1;
    let later = send(&world, seeded(&world, "s", &["f"])).await;
    assert!(later.event != first.event && later.started.len() == 1, "a day later it is another");
    // A refused event has noted nothing.
    let mut bad = seeded(&world, "u", &["i"]);
    bad.runs[0].id = later.started[0];
    assert!(world.store().publish(0, vec![bad]).await.is_err(), "a run's id is in use");
    let good = seeded(&world, "u", &["i"]);
    assert_eq!(send(&world, good.clone()).await.event, good.event.id);
}

async fn lifecycle_events_are_exempt<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>) {
    for _ in 0..2 {
        let id = world.ids.event(world.now);
        let data = crate::model::Json::trusted("{}");
        let event = Event::lifecycle("inngest/function.finished", id, &world.namespace, "order-1", world.now, &data);
        let publication = Publication { event: event.into(), runs: vec![world.new_run("f")] };
        let answer = world.store().publish(0, vec![publication]).await.expect("published").remove(0);
        assert_eq!(answer.started.len(), 1);
    }
}

pub async fn takes_all_or_nothing<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let taken = world.start().await;
    let good = world.publication(r#"{"name":"shop/a","id":"x"}"#, &["new-function"]);
    let mut bad = world.publication(r#"{"name":"shop/b"}"#, &["f"]);
    bad.runs[0].id = taken;
    let neighbour = world.publication(r#"{"name":"shop/c"}"#, &["f"]);
    let (refused, accepted) = tokio::join!(
        world.store().publish(0, vec![good.clone(), bad]),
        world.store().publish(0, vec![neighbour.clone()])
    );
    assert!(refused.is_err(), "a run's id is in use");
    assert_eq!(accepted.expect("its neighbour is unharmed")[0].started, [neighbour.runs[0].id]);
    assert_eq!(world.store().event(&world.namespace, good.event.id).await.expect("read"), None);
    let leased: Vec<_> = world.lease_all().await.iter().map(|lease| lease.run).collect();
    assert_eq!(leased, [taken, neighbour.runs[0].id]);
    let again = world.store().publish(0, vec![good.clone()]).await.expect("published");
    assert_eq!(again[0].started, [good.runs[0].id], "nothing of it was kept");
}

pub async fn refuses_a_stale_plan<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let generation = super::plugins::activate(&world, 1).await;
    let publication = world.publication(r#"{"name":"shop/a"}"#, &["f"]);
    let refused = world.store().publish(generation - 1, vec![publication.clone()]).await.expect_err("stale");
    let Error::StaleGeneration { planned, current } = refused else { panic!("{refused}") };
    assert_eq!((planned, current), (generation - 1, generation));
    assert!(refused.is_transient());
    assert_eq!(world.store().event(&world.namespace, publication.event.id).await.expect("read"), None);
    assert!(world.lease(1).await.is_empty());
    world.store().publish(generation, vec![publication]).await.expect("planned again");
    assert_eq!(world.lease(1).await.len(), 1);
}

pub async fn takes_many_at_once<S: Store>(world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let json = |number| format!(r#"{{"name":"n","data":{{"n":{number}}}}}"#);
    let mut publications: Vec<_> = (0..1_000).map(|number| world.publication(&json(number), &["f"])).collect();
    let planned: Vec<_> = publications.iter().map(|publication| publication.runs[0].id).collect();
    let last = publications.split_off(990);
    let (many, few) = tokio::join!(
        world.store().publish(0, publications),
        all(last.into_iter().map(|publication| world.store().publish(0, vec![publication])))
    );
    let many = many.expect("published");
    assert_eq!(many.len(), 990);
    let events: Vec<EventId> = many.iter().chain(few.iter().flatten().flatten()).map(|answer| answer.event).collect();
    assert_eq!(events.len(), 1_000);
    let mut leased: Vec<_> = world.lease_all().await.iter().map(|lease| lease.run).collect();
    leased.sort();
    assert_eq!(leased, planned);
}

pub async fn starts_runs_at_their_events_time<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let start = world.now;
    let at = |ms: u64| format!(r#"{{"name":"n","ts":{}}}"#, start + ms);
    while world.has_news().await {}
    let later = world.publish(&at(3_600_000), &["f", "g"]).await.started;
    assert!(world.has_news().await, "there is something to wait for");
    assert!(world.store().is_idle(), "nothing is ready");
    assert_eq!(world.store().next_due(), Some(start + 3_600_000));
    let sooner = world.publish(&at(1_000), &["f"]).await.started[0];
    assert!(world.has_news().await, "it is due before the others");
    let past = world.publish(r#"{"name":"n","ts":1000000000000}"#, &["f"]).await.started[0];
    assert_eq!(world.lease_one().await.run, past, "what has happened already starts at once");
    assert!(world.lease(1).await.is_empty());
    let view = world.store().run(&world.namespace, later[0]).await.expect("read").expect("known");
    assert_eq!((view.status, view.due), (Status::Queued, Some(start + 3_600_000)));
    world.crash_and_open().await;
    assert_eq!(world.lease_all().await.iter().map(|lease| lease.run).collect::<Vec<_>>(), [past]);
    world.now = start + 1_000;
    assert_eq!(world.lease_one().await.run, sooner);
    world.now = start + 3_599_999;
    assert!(world.lease(1).await.is_empty(), "not a moment too soon");
    world.now += 1;
    let leases = world.lease_all().await;
    assert_eq!(leases.iter().map(|lease| lease.run).collect::<Vec<_>>(), later);
    all(leases.iter().map(|lease| world.complete(lease))).await;
    world.crash_and_open().await;
    world.now += 1_000_000;
    let ended = world.lease_all().await.iter().any(|lease| later.contains(&lease.run));
    assert!(!ended, "they have ended");
}

pub async fn holds_any_number_of_later_runs<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    let many = 2 * limits::READY_IN_MEMORY_MAX + 100;
    let start = world.now;
    let mut started = Vec::new();
    for first in (0..many).step_by(512) {
        // The later they are sent the earlier they start.
        let json = |number| format!(r#"{{"name":"n","ts":{}}}"#, start + 1_000_000 - number as u64);
        let publications = (first..many.min(first + 512)).map(|number| world.publication(&json(number), &["f"]));
        for answer in world.store().publish(0, publications.collect()).await.expect("published") {
            started.extend(answer.started);
        }
    }
    let prompt = world.start().await;
    assert_eq!(world.lease_one().await.run, prompt, "they are in nobody's way");
    assert_eq!(world.store().next_due(), Some(start + 1_000_000 - (many as u64 - 1)));
    world.close_and_open().await;
    world.now = start + 1_000_000;
    let leased: Vec<_> = world.lease_all().await.iter().map(|lease| lease.run).filter(|run| *run != prompt).collect();
    started.reverse();
    assert!(leased == started, "in the order of their events' times");
}

/// An event that starts `f`, which counts towards a limit of that key.
fn limited<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, json: &str, key: u8) -> Publication {
    let mut publication = world.publication(json, &["f"]);
    publication.runs[0].door.rate = Some(Pace { limit: 1, period_ms: 60_000, burst: 1, key: [key; 16] });
    publication
}

pub async fn starts_no_more_than_a_limit<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    const EVENT: &str = r#"{"name":"n"}"#;
    let count = async |world: &World<'_, S, _>, publications: Vec<Publication>| {
        let answers = world.store().publish(0, publications).await.expect("published");
        answers.iter().map(|answer| answer.started.len()).sum::<usize>()
    };
    // Many at once, in commands of their own and in one.
    let publications: Vec<_> = (0..20).map(|_| limited(&world, EVENT, 1)).collect();
    let counts = all(publications.into_iter().map(|one| count(&world, vec![one]))).await;
    assert_eq!(counts.iter().sum::<usize>(), 1);
    let of_two_keys = (0..4).map(|n| limited(&world, EVENT, n % 2)).collect();
    assert_eq!(count(&world, of_two_keys).await, 1, "a key has its limit on its own");
    world.now += 59_999;
    world.crash_and_open().await;
    assert_eq!(count(&world, vec![limited(&world, EVENT, 1)]).await, 0, "it is remembered");
    world.now += 1;
    let again = limited(&world, EVENT, 1);
    assert_eq!(count(&world, vec![again.clone()]).await, 1);
    assert_eq!(count(&world, vec![again.clone()]).await, 1, "a sender that asks again has missed the answer");
    world.now += 60_000;
    // A refused event counts nothing.
    let mut bad = limited(&world, EVENT, 1);
    bad.runs[0].id = again.runs[0].id;
    assert!(world.store().publish(0, vec![bad]).await.is_err(), "a run's id is in use");
    const SENT: &str = r#"{"name":"n","id":"order-1"}"#;
    assert_eq!(count(&world, vec![limited(&world, SENT, 1)]).await, 1);
    world.now += 60_000;
    assert_eq!(count(&world, vec![limited(&world, SENT, 1)]).await, 0, "this order has run");
    assert_eq!(count(&world, vec![limited(&world, EVENT, 1)]).await, 1, "and has used up nothing");
    let late = SENT.replace("order-1", "order-2");
    assert_eq!(count(&world, vec![limited(&world, &late, 1)]).await, 0);
    world.now += 60_000;
    assert_eq!(count(&world, vec![limited(&world, &late, 1)]).await, 1, "what was kept out has not run");
}
