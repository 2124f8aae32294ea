//! Ends that no guest can catch: traps, deadlines, limits.

use std::time::{Duration, Instant};

use super::guest::{Guest, running};
use super::host::Player;
use super::{BOUNDS, enter, enter_within, load, run};
use crate::model::{Failure, Kind};
use crate::sandbox::{Bounds, Exit};

fn faulted(exit: Exit) -> Failure {
    match exit {
        Exit::Faulted(failure) => failure,
        other => panic!("not faulted: {other:?}"),
    }
}

async fn fault(body: &str) -> Failure {
    faulted(run(body).await.0)
}

#[tokio::test]
async fn a_trap_tells_its_name_and_place() {
    let more = "(func $inner unreachable)";
    let plugin = load(Guest { run: "(call $inner) (call $suspended)", more, ..Guest::default() }.build()).await;
    let failure = faulted(enter(&plugin, &Player::default()).await);
    assert_eq!((failure.kind, failure.name.as_str()), (Kind::Trap, "WasmTrap"));
    assert_eq!(failure.message, "wasm trap: wasm `unreachable` instruction executed");
    let stack = failure.stack.expect("a stack");
    assert!(stack.starts_with("inner\nfunction "), "{stack}");
}

#[tokio::test]
async fn a_panics_words_are_its_message() {
    let failure =
        fault("(call $panicked (i32.const 640) (i32.const 3) (i32.const 643) (i32.const 2)) unreachable").await;
    assert_eq!((failure.name.as_str(), failure.message.as_str()), ("Panic", "run ({})"));
}

#[tokio::test]
async fn a_guess_is_added_to_what_the_trap_says() {
    let failure = fault("(call $guess (i32.const 640) (i32.const 3)) unreachable").await;
    let wanted = "wasm trap: wasm `unreachable` instruction executed\n(perhaps: run)";
    assert_eq!((failure.name.as_str(), failure.message.as_str()), ("WasmTrap", wanted));
    let taken_back =
        fault("(call $guess (i32.const 640) (i32.const 3)) (call $guess (i32.const 0) (i32.const 0)) unreachable");
    assert_eq!(taken_back.await.message, "wasm trap: wasm `unreachable` instruction executed");
}

#[tokio::test]
async fn endless_recursion_is_told_apart() {
    let more = "(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))";
    let plugin = load(Guest { run: "(call $deeper (i32.const 0))", more, ..Guest::default() }.build()).await;
    assert_eq!(faulted(enter(&plugin, &Player::default()).await).name, "StackOverflow");
}

#[tokio::test]
async fn leaving_is_a_trap() {
    let failure = fault("(call $exit (i32.const 1)) unreachable").await;
    assert_eq!(failure.message, "the plugin ended its process with exit code 1");
}

#[tokio::test]
async fn memory_is_bounded() {
    let more = "(func $grow (if (i32.eq (memory.grow (i32.const 512)) (i32.const -1)) (then unreachable)))";
    let plugin = load(Guest { run: "(call $grow) (call $suspended)", more, ..Guest::default() }.build()).await;
    let failure = faulted(enter(&plugin, &Player::default()).await);
    assert_eq!((failure.kind, failure.code.as_deref()), (Kind::Limit, Some("memory_limit")));
    assert!(failure.message.contains("asked for 32.1 MiB of memory, its limit is 16 MiB"), "{}", failure.message);
    let bounds = Bounds { memory_bytes: 40 << 20, ..BOUNDS };
    assert_eq!(enter_within(&plugin, &Player::default(), bounds).await, Exit::Suspended);
    let bounds = Bounds { memory_bytes: 1 << 16, ..BOUNDS };
    let failure = faulted(enter_within(&plugin, &Player::default(), bounds).await);
    assert_eq!(failure.code.as_deref(), Some("memory_limit"), "too large from the start: {failure:?}");
}

#[tokio::test]
async fn a_payload_is_bounded() {
    let body = "(drop (memory.grow (i32.const 700)))
        (call $log (i32.const 1) (i32.const 0) (i32.const 40000000) (i32.const 0) (i32.const 0))
        (call $suspended)";
    let bounds = Bounds { memory_bytes: 64 << 20, ..BOUNDS };
    let failure = faulted(enter_within(&load(running(body)).await, &Player::default(), bounds).await);
    assert_eq!((failure.kind, failure.code.as_deref()), (Kind::Limit, Some("payload_limit")), "{failure:?}");
}

#[tokio::test]
async fn an_endless_loop_meets_its_deadline() {
    let plugin = load(running("(loop $forever (br $forever)) unreachable")).await;
    let began = Instant::now();
    let bounds = Bounds { deadline_ms: 100, ..BOUNDS };
    let failure = faulted(enter_within(&plugin, &Player::default(), bounds).await);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!((failure.kind, failure.code.as_deref()), (Kind::Timeout, Some("deadline")));
    assert!(failure.message.starts_with("the function's body took longer than its deadline of 100ms"));
    assert!(failure.stack.is_some());
}

#[tokio::test]
async fn each_step_has_a_deadline_of_its_own() {
    // Three stretches of some 60 ms each, within a deadline of 150 ms.
    let more = r#"(data (i32.const 2048) "ab1")
        (func $work (local $n i32)
            (loop $more (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $more (i32.lt_u (local.get $n) (global.get $rounds)))))
        (global $rounds (mut i32) (i32.const 100000))
        (func $step (param $id i32)
            (drop (call $plan_one (local.get $id) (i32.const 1)))
            (call $busy)
            (drop (call $finish_with (local.get $id) (i32.const 1) (i32.const 2050) (i32.const 1)))
            (drop (call $take)))
        (func $busy (local $end i64)
            (local.set $end (i64.add (call $monotonic) (i64.const 60000000)))
            (loop $more (call $work) (br_if $more (i64.lt_u (call $monotonic) (local.get $end)))))"#;
    let run =
        "(call $step (i32.const 2048)) (call $step (i32.const 2049)) (call $step (i32.const 2048)) (call $suspended)";
    let plugin = load(Guest { run, more, ..Guest::default() }.build()).await;
    let bounds = Bounds { deadline_ms: 150, ..BOUNDS };
    assert_eq!(enter_within(&plugin, &Player::default(), bounds).await, Exit::Suspended);
    let bounds = Bounds { deadline_ms: 20, ..BOUNDS };
    let failure = faulted(enter_within(&plugin, &Player::default(), bounds).await);
    assert!(failure.message.starts_with("step a took longer"), "{}", failure.message);
}
