//! The test host: whether it does what the host does, and tells clearly what it cannot do.

use super::{Status, TestHost, json, respond};
use crate::{
    Context, Error, FailureContext, Function, FunctionFailed, Invoke, NewEvent, NonRetriableError, Request, Result,
    Retry, RetryAfterError, Trigger, WaitFor, WaitForSignal, blocking, try_join,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

const HOUR: Duration = Duration::from_hours(1);

/// Counts its calls.
#[derive(Clone, Default)]
struct Calls(Rc<Cell<u32>>);

impl Calls {
    fn count(&self) -> u32 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
}

/// A function with one step, `work`, that is counted.
fn worker(calls: &Calls) -> Function {
    let calls = calls.clone();
    Function::new("work", async move |Context { step, .. }: Context| Ok(step.run("work", || Ok(calls.count())).await?))
        .on("do/work")
}

fn said(call: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(call)).expect_err("it panics");
    panic.downcast_ref::<String>().cloned().expect("with a text")
}

#[test]
fn a_step_is_retried_after_the_hosts_delays() {
    let host = TestHost::new([worker(&Calls::default())]);
    host.fail("work", Error::msg("busy")).times(3);
    let begun = host.now();
    let run = host.send("do/work", json!({}));
    assert_eq!((run.status(), run.waits()), (Status::Waiting, vec!["work".to_owned()]));
    host.advance(Duration::from_secs(15 + 30 + 59));
    assert_eq!(run.status(), Status::Waiting);
    host.advance(Duration::from_secs(1));
    assert_eq!((run.output(), run.step("work").attempts, run.attempts()), (json!(1), 4, 1));
    assert_eq!(host.now().duration_since(begun).expect("time passes").as_secs(), 105);
}

#[test]
fn errors_say_whether_and_when_to_retry() {
    let host = TestHost::new([worker(&Calls::default())]);
    host.fail("work", RetryAfterError::new("later", HOUR)).times(1);
    let begun = host.now();
    assert_eq!(host.execute("do/work", json!({})).status(), Status::Completed);
    assert_eq!(host.now().duration_since(begun).expect("time passes"), HOUR);
    host.fail("work", NonRetriableError::new("never"));
    let run = host.execute("do/work", json!({}));
    let error = run.error();
    assert_eq!((run.step("work").attempts, error.name.as_str()), (1, "NonRetriableError"));
    assert_eq!(error.step.map(|key| key.id), Some("work".to_owned()));
}

#[test]
fn the_body_has_attempts_of_its_own_after_each_step() {
    let failures = Calls::default();
    let count = failures.clone();
    let body = async move |Context { step, attempt, .. }: Context| {
        for id in ["a", "b"] {
            if attempt == 0 && count.count() % 2 == 1 {
                return Err(Error::msg("stumbles"));
            }
            step.run(id, || Ok(())).await?;
        }
        Ok(attempt)
    };
    let host = TestHost::new([Function::new("f", body).on("do/it").retries(1)]);
    let run = host.execute("do/it", json!({}));
    assert_eq!(run.status(), Status::Completed, "{run:?}");
    assert!(run.attempts() > 1);
}

#[test]
fn a_crash_runs_the_step_again_and_uses_no_attempt() {
    let calls = Calls::default();
    let host = TestHost::new([worker(&calls)]);
    host.crash("work").times(2);
    let run = host.execute("do/work", json!({}));
    assert_eq!((run.output(), run.step("work").attempts, calls.0.get()), (json!(3), 1, 3));
    host.crash("work").times(99);
    assert_eq!(host.execute("do/work", json!({})).error().name, "Interrupted");
}

#[test]
fn the_blocking_style_crashes_and_waits_alike() {
    let calls = Calls::default();
    let count = calls.clone();
    let body = move |blocking::Context { step, .. }: blocking::Context| {
        step.run("a", || Ok(count.count()))?;
        step.sleep("nap", HOUR)?;
        Ok(step.run("b", || Ok(count.count()))?)
    };
    let host = TestHost::new([Function::blocking("f", body).on("do/it")]);
    host.crash("a");
    let run = host.send("do/it", json!({}));
    assert_eq!(run.waits(), ["nap"]);
    host.advance(HOUR);
    assert_eq!((run.output(), calls.0.get()), (json!(3), 3));
}

#[test]
fn panics_are_traps_that_cannot_be_caught() {
    let body = async |Context { step, .. }: Context| {
        let broken = step.run("break", || -> Result<()> { panic!("out of range") }).await;
        Ok(broken.is_err())
    };
    let function = Function::new("f", body)
        .on("do/it")
        .retries(1)
        .on_failure(async |context: FailureContext| Ok(format!("{:?} {}", context.error.kind, context.error.name)));
    let run = TestHost::new([function]).execute("do/it", json!({}));
    assert!(run.error().message.starts_with("out of range (src/testing/tests.rs:"), "{run:?}");
    assert_eq!((run.step("break").attempts, run.handler().output()), (2, json!("FailureKind::Trap Panic")));
    let body = async |_: Context| -> Result<()> { panic!("in the body") };
    let run = TestHost::new([Function::new("f", body).on("do/it").retries(2)]).execute("do/it", json!({}));
    assert_eq!((run.attempts(), run.error().attempt), (3, 2));
}

#[test]
fn a_handler_runs_once_with_two_attempts_and_has_none_itself() {
    let fail = async |_: Context| Err::<(), _>(Error::new("Boom", "it broke").with_code("B1"));
    let handle = async |context: FailureContext| {
        context.step.run("tell", || Err::<(), _>(Error::msg("nobody listens"))).await?;
        Ok(())
    };
    let function = Function::new("f", fail).name("F").on("do/it").retries(0).on_failure(handle);
    let report = async |context: Context<FunctionFailed>| Ok(context.event.data.error.code);
    let listener = Function::new("report", report).on("inngest/function.failed");
    let host = TestHost::new([function, listener]);
    let run = host.execute("do/it", json!({ "a": 1 }));
    let handler = run.handler();
    assert_eq!((handler.name().as_str(), handler.function_id().as_str()), ("F (failure)", "f-failure"));
    assert_eq!((handler.status(), handler.step("tell").attempts), (Status::Failed, 2));
    assert_eq!((handler.handles().as_ref(), handler.is_handled()), (Some(&run), false));
    let [_, _, reported] = host.runs().try_into().expect("three runs");
    assert_eq!(reported.output(), "B1");
    let events: Vec<_> = host.events().into_iter().map(|event| (event.name, event.id)).collect();
    let event = |name: &str, id: &str| (name.to_owned(), id.to_owned());
    let (finished, failed) = ("inngest/function.finished", "inngest/function.failed");
    assert_eq!(events, [event("do/it", "event-1"), event(finished, "event-2"), event(failed, "run-1")]);
    let data = &handler.events()[0].data;
    assert_eq!((&data["function_id"], &data["run_id"]), (&json!("test-f"), &json!("run-1")));
    assert_eq!((&data["event"]["data"], &data["error"]["attempts"]), (&json!({ "a": 1 }), &json!(1)));
    assert_eq!((&data["result"]["name"], &data["_inngest"]["status"]), (&json!("Boom"), &json!("Failed")));
}

#[test]
fn side_by_side_each_step_has_a_pass_and_doubles_need_none() {
    let entries = Calls::default();
    let count = entries.clone();
    let body = async move |Context { step, .. }: Context| {
        count.count();
        Ok(try_join!(step.run("a", || Ok(1)), step.run("b", || Ok(2)), step.sleep("nap", HOUR))?)
    };
    let host = TestHost::new([Function::new("f", body).on("do/it")]);
    host.mock("b", 7);
    let run = host.execute("do/it", json!({}));
    assert_eq!((run.output(), entries.0.get()), (json!([1, 7, null]), 4), "for both, a, what they came to, the nap");
    let ids: Vec<_> = run.steps().into_iter().map(|step| step.id).collect();
    assert_eq!(ids, ["a", "b", "nap"]);
}

#[test]
fn waits_hear_what_matches_and_end_by_themselves() {
    let body = async |Context { step, .. }: Context| {
        let wait = WaitFor::event("shop/paid").matching("data.order").timeout(3 * HOUR);
        let paid = step.wait_for_event::<serde_json::Value, _>("paid", wait).await?;
        Ok(paid.map(|event| event.data["by"].clone()))
    };
    let host = TestHost::new([Function::new("f", body).on("shop/ordered")]);
    host.publish(NewEvent::new("shop/paid", json!({ "order": 1, "by": "early" })));
    let run = host.execute("shop/ordered", json!({ "order": 1 }));
    assert!(host.publish(NewEvent::new("shop/paid", json!({ "order": 2 }))).is_empty());
    assert_eq!((run.status(), run.waits()), (Status::Waiting, vec!["paid".to_owned()]));
    assert_eq!(host.send("shop/paid", json!({ "order": 1.0, "by": "card" })), run);
    assert_eq!(run.output(), "card");
    let late = host.send("shop/ordered", json!({ "order": 3 }));
    host.advance(3 * HOUR);
    assert_eq!(late.output(), json!(null));
    host.mock("paid", json!({ "by": "mock" }));
    assert_eq!(host.send("shop/ordered", json!({ "order": 4 })).output(), "mock");
    host.mock("paid", ());
    assert_eq!(host.send("shop/ordered", json!({ "order": 5 })).output(), json!(null));
}

#[test]
fn functions_start_each_other() {
    let ask = async |Context { step, .. }: Context| {
        let doubled: u32 = step.invoke("ask", Invoke::function("double").data(json!({ "n": 4 }))).await?;
        step.send_event("tell", NewEvent::new("math/doubled", json!({ "n": doubled }))).await?;
        Ok(doubled)
    };
    let double = async |context: Context| match context.event.data["n"].as_u64() {
        Some(n) => Ok(context.step.run("double", || Ok(n * 2)).await?),
        None => Err(NonRetriableError::new("no number").into()),
    };
    let hear = async |context: Context| Ok(context.event.data);
    let functions = [
        Function::new("ask", ask).on("ask"),
        Function::new("double", double),
        Function::new("hear", hear).on("math/*"),
    ];
    let host = TestHost::new(functions);
    let run = host.execute("ask", json!({}));
    assert_eq!((run.output(), run.step("ask").output()), (json!(8), &json!(8)));
    assert_eq!(host.runs()[2].output(), json!({ "n": 8 }));
    host.fail("double", NonRetriableError::new("no more"));
    let run = host.execute("ask", json!({}));
    assert_eq!((run.error().message.as_str(), run.step("ask").error().name.as_str()), ("no more", "NonRetriableError"));
}

#[test]
fn signals_reach_who_waits() {
    let body = async |Context { step, .. }: Context| {
        Ok(step.wait_for_signal::<u32, _>("approval", WaitForSignal::named("approved").timeout(HOUR)).await?)
    };
    let send = async |Context { step, .. }: Context| Ok(step.send_signal("approve", "approved", 7).await?);
    let host = TestHost::new([Function::new("f", body).on("wait"), Function::new("g", send).on("approve")]);
    assert!(host.signal("approved", 1).is_none());
    let run = host.execute("wait", json!({}));
    assert_eq!(host.send("wait", json!({})).error().code.as_deref(), Some("signal_conflict"));
    assert_eq!(host.execute("approve", json!({})).output(), "run-1");
    assert_eq!(run.output(), 7);
    let run = host.execute("wait", json!({}));
    assert_eq!(host.signal("approved", 9), Some(run.clone()));
    assert_eq!(run.output(), 9);
}

#[test]
fn a_fetch_is_retried_and_its_response_is_not() {
    let body = async |Context { step, .. }: Context| {
        let twice = step.retrying(Retry::default().times(1).constant(HOUR));
        Ok(twice.fetch("get", Request::get("https://a.example/")).await?.status())
    };
    let host = TestHost::new([Function::new("f", body).on("do/it")]);
    assert!(said(|| drop(host.send("do/it", json!({})))).contains("host.mock(\"get\", respond(200))"));
    let host = TestHost::new([Function::new("f", async |Context { step, .. }: Context| {
        let twice = step.retrying(Retry::default().times(1).constant(HOUR));
        Ok(twice.fetch("get", Request::get("https://a.example/")).await?.status())
    })
    .on("do/it")]);
    host.fail("get", Error::msg("reset")).times(1);
    host.mock("get", respond(503));
    let run = host.execute("do/it", json!({}));
    assert_eq!((run.output(), run.step("get").attempts, run.step("get").kind.as_str()), (json!(503), 2, "fetch"));
}

#[test]
fn runs_are_cancelled_and_time_out() {
    let nap = async |Context { step, .. }: Context| Ok(step.sleep("nap", 9 * HOUR).await?);
    let function = || Function::new("f", nap).on("do/it").on_failure(async |_: FailureContext| Ok(()));
    let host = TestHost::new([function().cancel_on(WaitFor::event("stop").matching("data.id")).finish_within(HOUR)]);
    let (one, other) = (host.send("do/it", json!({ "id": 1 })), host.send("do/it", json!({ "id": 2 })));
    host.send("stop", json!({ "id": 1 }));
    assert_eq!((one.status(), other.status()), (Status::Cancelled, Status::Waiting));
    host.advance(HOUR);
    assert_eq!((other.status(), other.is_handled()), (Status::Cancelled, false));
    let third = host.send("do/it", json!({ "id": 3 }));
    host.cancel(&third);
    assert!(third.journal().ends_with("cancelled: by the test"), "{third:?}");
}

#[test]
fn events_start_functions_at_their_time_and_once() {
    let host = TestHost::new([worker(&Calls::default())]).starting_at(SystemTime::UNIX_EPOCH + HOUR);
    let event = || NewEvent::new("do/work", json!({})).id("same").at(2 * 3_600_000);
    assert!(host.publish(event()).is_empty() && host.publish(event()).is_empty());
    host.advance(2 * HOUR);
    assert_eq!(host.runs().len(), 1);
    let body = async |context: Context| Ok(context.event.data["fireAt"].clone());
    let host = TestHost::new([Function::new("s", body).on(Trigger::cron("0 9 * * *"))]);
    let host = host.starting_at(SystemTime::UNIX_EPOCH + HOUR);
    assert_eq!(host.start_scheduled("s").output(), "1970-01-01T01:00:00Z");
    let batch = async |context: Context| Ok(context.events.len());
    let host = TestHost::new([Function::new("b", batch)]);
    let events = [1, 2, 3].map(|n| NewEvent::new("b/x", json!({ "n": n })));
    assert_eq!(host.start_batch("b", events).output(), 3);
}

#[test]
fn what_only_the_real_host_can_do_is_told() {
    let nothing = async |_: Context| Ok(());
    let host = TestHost::new([Function::new("f", nothing).on(Trigger::event("a").when("event.data.n > 1"))]);
    assert!(said(|| drop(host.send("a", json!({})))).contains("host.start(\"f\", NewEvent::new(…))"));
    let run = host.start("f", NewEvent::new("a", ()));
    assert_eq!((run.status(), &run.events()[0].data), (Status::Completed, &json!({})));
    let wait = async |Context { step, .. }: Context| {
        step.wait_for_event::<(), _>("w", WaitFor::event("b").when("async.data.n > 1")).await?;
        step.invoke::<(), _>("i", Invoke::function("unknown")).await?;
        Ok(())
    };
    let host = TestHost::new([Function::new("g", wait).on("c")]);
    assert!(said(|| drop(host.send("c", json!({})))).contains("host.mock(\"w\", …)"));
    assert!(said(|| drop(host.send("unheard", json!({})))).contains("host.publish(…)"));
    assert!(said(|| drop(host.send("inngest/x", json!({})))).contains("is reserved"));
    let host = TestHost::new([Function::new("g", async |Context { step, .. }: Context| {
        Ok(step.invoke::<(), _>("i", Invoke::function("unknown")).await?)
    })
    .on("c")]);
    assert!(said(|| drop(host.send("c", json!({})))).contains("host.mock(\"i\", …)"));
}

#[test]
fn what_never_ends_is_told() {
    let again = async |Context { step, .. }: Context| {
        step.send_event("again", NewEvent::new("again", json!({}))).await?;
        Ok(())
    };
    let host = TestHost::new([Function::new("f", again).on("again")]);
    assert!(said(|| drop(host.send("again", json!({})))).contains("without an end"));
}

#[test]
fn a_mock_that_panics_ends_the_test() {
    let host = TestHost::new([worker(&Calls::default())]);
    host.mock_with("work", |asked| -> Result<u32> { panic!("asked for {} at {}", asked.id, asked.attempt) });
    assert_eq!(said(|| drop(host.send("do/work", json!({})))), "asked for work at 0");
}

#[test]
fn the_log_has_each_line_once() {
    let body = async |Context { step, log, .. }: Context| {
        log.info("begins");
        step.run("a", || {
            log.warn("works");
            Ok(())
        })
        .await?;
        step.sleep("nap", HOUR).await?;
        log.error("ends");
        Ok(())
    };
    let host = TestHost::new([Function::new("f", body).on("do/it")]);
    host.crash("a");
    let lines = host.execute("do/it", json!({})).log();
    let lines: Vec<_> = lines.iter().map(|line| (line.message.as_str(), line.step.as_deref())).collect();
    assert_eq!(lines, [("begins", None), ("works", Some("a")), ("ends", None)]);
}

#[test]
fn the_journal_tells_what_happened() {
    let body = async |Context { step, .. }: Context| {
        step.sleep("nap", HOUR + Duration::from_millis(1500)).await?;
        Ok(step.run("work", || Ok("done".to_owned())).await?)
    };
    let function = Function::new("f", body).on("do/it").retries(1).on_failure(async |_: FailureContext| Ok(()));
    let host = TestHost::new([function]);
    host.fail("work", Error::new("Busy", "not now"));
    let run = host.execute("do/it", json!({}));
    let wanted = "run-1 of f
  +0s sleep nap for 1h1s500ms
  +1h1s500ms sleep nap is over
  +1h1s500ms step work failed at attempt 1: Busy: not now; again in 15s
  +1h16s500ms step work failed for good at attempt 2: Busy: not now
  +1h16s500ms failed: Busy: not now (step work)";
    assert_eq!(run.journal(), wanted);
    assert_eq!(run.handler().journal(), "run-2 of f-failure, handles run-1\n  +0s completed null");
    assert!(said(|| drop(run.output())).starts_with("the run has no output, it is Failed:\nrun-1 of f\n"));
    assert!(said(|| drop(run.step("other"))).ends_with("what it has done: \"nap\", \"work\""));
}

#[test]
fn code_sees_the_attempt_of_the_step_that_it_is_on_the_way_to() {
    let save = async |Context { attempt, step, .. }: Context| {
        let saved = step.run("save", || if attempt < 2 { Err(Error::msg("busy")) } else { Ok(attempt) });
        let beside = step.run("beside", || Ok(attempt));
        Ok(try_join!(saved, beside)?)
    };
    let host = TestHost::new([Function::new("save", save).on("go")]);
    let run = host.execute("go", json!({}));
    assert_eq!((run.output(), run.step("save").attempts, run.attempts()), (json!([2, 0]), 3, 1), "{run:?}");
}

#[test]
fn a_result_that_is_nested_too_deep_is_refused_as_by_the_host() {
    let nested = |levels: u64| (0..levels).fold(json!("core"), |inner, _| json!([inner]));
    let deep = async move |Context { event, step, .. }: Context| {
        let levels = event.data["levels"].as_u64().unwrap_or_default();
        Ok(step.run("deep", || Ok(nested(levels))).await?)
    };
    let host = TestHost::new([Function::new("deep", deep).on("go").retries(0)]);
    assert_eq!(host.execute("go", json!({ "levels": 1_000 })).output(), nested(1_000));
    let error = host.execute("go", json!({ "levels": 1_001 })).error();
    assert_eq!(error.message, "the result of step deep is nested deeper than 1000 levels");
}
