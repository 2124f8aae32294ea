//! Entering: operations, results, the clock, randomness, the log.

use std::sync::Arc;

use super::guest::{Guest, running};
use super::host::{Player, STARTED, STEP_MS};
use super::{BOUNDS, enter, entry, load, run};
use crate::model::{Failure, Json, Kind, OpKey};
use crate::sandbox::{Exit, Grants};

/// Runs step `a` with the result `[1]`, takes all results and completes with the last.
const ONE_STEP: &str = r#"
    (if (i32.eqz (call $plan_one (i32.const 2048) (i32.const 1)))
        (then (drop (call $finish_with (i32.const 2048) (i32.const 1) (i32.const 2049) (i32.const 3)))))
    (if (i32.eqz (call $take)) (then (return (call $suspended))))
    (call $completed (call $value))"#;
const ONE_STEP_DATA: &str = r#"(data (i32.const 2048) "a[1]")"#;

fn one_step() -> Arc<[u8]> {
    Guest { run: ONE_STEP, more: ONE_STEP_DATA, ..Guest::default() }.build()
}

#[tokio::test]
async fn a_step_runs_once_and_is_replayed_from_its_record() {
    let plugin = load(one_step()).await;
    let player = Player::default();
    assert_eq!(enter(&plugin, &player).await, Exit::Completed(Json::trusted("[1]")));
    let key = OpKey::new("a", 0);
    assert_eq!(player.tape().finished, [(key.clone(), Ok(Json::trusted("[1]")))]);
    assert!(player.tape().usage.is_some_and(|usage| usage.memory_bytes >= 2 << 16));

    let replayed = Player::default();
    replayed.tape().recorded.insert(key, Json::trusted("[2]"));
    assert_eq!(enter(&plugin, &replayed).await, Exit::Completed(Json::trusted("[2]")));
    assert!(replayed.tape().finished.is_empty());
    let found = replayed.tape().found[0].clone();
    assert_eq!((found.kind.as_str(), found.options.as_str()), ("run", "{}"));
}

#[tokio::test]
async fn suspends_by_returning_and_by_the_call() {
    assert_eq!(run("(call $suspended)").await.0, Exit::Suspended);
    assert_eq!(run("(call $suspend) unreachable").await.0, Exit::Suspended);
}

#[tokio::test]
async fn a_hosts_refusal_ends_the_instance() {
    let player = Player::default();
    let refusal = Failure::of_host(Kind::Divergence, "Divergence", "step a was a sleep").coded("x");
    player.tape().refuses = Some(refusal.clone());
    assert_eq!(enter(&load(one_step()).await, &player).await, Exit::Faulted(refusal));
}

#[tokio::test]
async fn what_is_no_json_is_the_guests_error() {
    let data = r#"(data (i32.const 2048) "a[1,")"#;
    let plugin = load(Guest { run: ONE_STEP, more: data, ..Guest::default() }.build()).await;
    let player = Player::default();
    enter(&plugin, &player).await;
    let Err(failure) = player.tape().finished[0].1.clone() else { panic!("not refused") };
    assert_eq!((failure.kind, failure.name.as_str()), (Kind::Application, "InvalidJson"));
    assert!(failure.message.starts_with("the result of step a is not valid JSON: EOF"), "{}", failure.message);

    let (exit, _) = run("(call $completed (i32.const 640) (i32.const 3))").await;
    let Exit::Failed(failure) = exit else { panic!("{exit:?}") };
    assert_eq!(failure.name, "InvalidJson");
}

#[tokio::test]
async fn a_guests_failure_comes_through() {
    let (exit, _) = run("(call $failed (i32.const 640) (i32.const 3))").await;
    let Exit::Failed(failure) = exit else { panic!("{exit:?}") };
    assert_eq!((failure.kind, failure.name.as_str(), failure.message.as_str()), (Kind::Application, "run", "run"));
}

#[tokio::test]
async fn the_failure_handler_gets_the_error_and_the_failed_runs_steps() {
    // The failure's message lies behind the context (32 bytes), behind kind and name.
    let on_failure = r#"
        (call $failed_step (i32.const 640) (i32.const 3) (i32.const 0) (i32.const 3000))
        (if (i32.load8_u (i32.const 3000))
            (then (call $log (i32.const 1) (i32.load (i32.const 3016)) (i32.load (i32.const 3020)) (i32.const 0) (i32.const 0))))
        (call $completed (i32.load (i32.add (local.get 0) (i32.const 44))) (i32.load (i32.add (local.get 0) (i32.const 48))))"#;
    let plugin = load(Guest { on_failure, ..Guest::default() }.build()).await;
    let player = Player::default();
    player.tape().failed.insert(OpKey::new("run", 0), Json::trusted("7"));
    let mut entry = entry();
    entry.on_failure = Some(Failure::of_host(Kind::Application, "Error", "\"oh\""));
    let (exit, _) = plugin.enter(entry, Box::new(player.clone()), &Arc::default(), BOUNDS).await;
    assert_eq!(exit, Exit::Completed(Json::trusted("\"oh\"")));
    assert_eq!(player.tape().messages(), ["info: 7"]);
}

/// Says the wall clock in seconds, a random number, then both inside and behind step `a`.
const OBSERVER: &str = r#"
    (call $observe)
    (if (i32.eqz (call $plan_one (i32.const 2048) (i32.const 1)))
        (then
            (call $observe)
            (drop (call $finish_with (i32.const 2048) (i32.const 1) (i32.const 2049) (i32.const 3)))))
    (call $observe)
    (drop (call $take))
    (call $observe)
    (call $suspended)"#;
const OBSERVE: &str = r#"(data (i32.const 2048) "a[1]")
    (func $observe
        (call $wall (i32.const 2128))
        (call $say (i64.load (i32.const 2128)))
        (call $say (i64.div_u (call $monotonic) (i64.const 1000000000)))
        (call $say (call $random)))"#;

async fn observed(replay: bool) -> Vec<u64> {
    let plugin = load(Guest { run: OBSERVER, more: OBSERVE, ..Guest::default() }.build()).await;
    let player = Player::default();
    if replay {
        player.tape().recorded.insert(OpKey::new("a", 0), Json::trusted("[1]"));
    }
    assert_eq!(enter(&plugin, &player).await, Exit::Suspended);
    let tape = player.tape();
    tape.lines.iter().map(|line| u64::from_str_radix(&line.message, 16).expect("a number")).collect()
}

#[tokio::test]
async fn the_body_sees_its_own_time_and_randomness_a_step_the_real_ones() {
    let (first, again, replayed) = (observed(false).await, observed(false).await, observed(true).await);
    let started = STARTED / 1_000;
    let later = (STARTED + STEP_MS) / 1_000;
    assert_eq!((first[0], first[1]), (started, started));
    assert!(first[3] > started && first[5] != again[5], "a step's clock and randomness are real");
    assert_eq!((first[6], first[9], first[10]), (started, later, later));
    assert_eq!([&first[..3], &first[6..]].concat(), replayed);
    assert_eq!(first[9..], again[9..]);
}

#[tokio::test]
async fn the_log_is_cleaned() {
    let more = r#"(data (i32.const 2048) "\1b[1mhi\1b[0m{\"a\":1}")"#;
    let run = r#"
        (call $log (i32.const 3) (i32.const 2048) (i32.const 10) (i32.const 2058) (i32.const 7))
        (call $suspended)"#;
    let plugin = load(Guest { run, more, ..Guest::default() }.build()).await;
    let player = Player::default();
    enter(&plugin, &player).await;
    let line = player.tape().lines[0].clone();
    assert_eq!((line.level, line.message.as_str()), ("error", "hi"));
    assert_eq!(line.fields, Some(Json::trusted(r#"{"a":1}"#)));
}

#[tokio::test]
async fn variables_are_those_granted() {
    let run = r#"
        (call $environment (i32.const 2128))
        (call $say (i64.extend_i32_u (i32.load (i32.const 2132))))
        (call $suspended)"#;
    let plugin = load(running(run)).await;
    let mut grants = Grants::default();
    grants.variables.insert("A".into(), "b".into());
    for (grants, wanted) in [(Grants::default(), 0), (grants, 1)] {
        let player = Player::default();
        plugin.enter(entry(), Box::new(player.clone()), &Arc::new(grants), BOUNDS).await;
        assert_eq!(player.tape().messages(), [format!("info: {wanted:016x}")]);
    }
}

#[tokio::test]
async fn many_run_at_once_within_few_seats() {
    let plugin = load(one_step()).await;
    let one = |plugin: crate::sandbox::Plugin| async move { enter(&plugin, &Player::default()).await };
    let all: Vec<_> = (0..100).map(|_| tokio::spawn(one(plugin.clone()))).collect();
    for task in all {
        assert_eq!(task.await.expect("no panic"), Exit::Completed(Json::trusted("[1]")));
    }
}
