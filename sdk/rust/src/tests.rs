//! The SDK against the test host: what is planned when, what comes back, what each error becomes.

mod raw;

use crate::bindings::stepwell::plugin::types::{self, RetryAdvice};
use crate::testing::TestHost;
use crate::{
    Context, Either, Error, FailureContext, Function, NonRetriableError, Result, ResultExt, RetryAfterError, StepError,
    blocking, first_ok, join, race, race_all, try_join, try_join_all,
};
use raw::{Ran, Raw};
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

fn run<R: serde::Serialize + 'static>(handler: impl AsyncFn(Context) -> Result<R> + 'static) -> Ran {
    Raw::default().run(Function::new("f", handler), &json!({}))
}

fn completed(ran: &Ran) -> &Value {
    ran.outcome.as_ref().expect("the run completes")
}

fn failed(ran: &Ran) -> &types::Failure {
    ran.outcome.as_ref().expect_err("the run fails")
}

#[test]
fn a_sequence_of_steps_takes_one_pass() {
    let ran = run(async |Context { step, .. }| {
        let one = step.run("a", || Ok(1)).await?;
        Ok(step.run("b", || Ok(one + 1)).await?)
    });
    assert_eq!(completed(&ran), &json!(2));
    assert_eq!(ran.calls, ["enter", "plan a#0", "finish a#0", "next a#0", "plan b#0", "finish b#0", "next b#0"]);
}

#[test]
fn steps_side_by_side_get_a_pass_each_and_run_once() {
    let runs = Rc::new(Cell::new(0));
    let count = Rc::clone(&runs);
    let ran = run(async move |Context { step, .. }| {
        let add = |n: u32| {
            count.set(count.get() + 1);
            Ok(n)
        };
        Ok(try_join!(step.run("a", || add(1)), step.run("b", || add(2)))?)
    });
    assert_eq!(completed(&ran), &json!([1, 2]));
    assert_eq!(runs.get(), 2);
    assert_eq!(
        ran.calls,
        [
            "enter",
            "plan a#0 b#0", // several at once are noted
            "enter",
            "plan a#0 b#0",
            "finish a#0", // a pass for a, which is told to stop
            "enter",
            "plan a#0 b#0",
            "finish b#0",
            "enter",
            "plan a#0 b#0",
            "next a#0",
            "next b#0",
        ]
    );
}

#[test]
fn uses_of_an_id_are_told_apart_by_their_order() {
    let ran = run(async |Context { step, .. }| {
        let mut sum = 0;
        for n in 0..3 {
            sum += step.run("again", || Ok(n)).await?;
        }
        Ok(sum)
    });
    assert_eq!(completed(&ran), &json!(3));
    let plans: Vec<_> = ran.calls.iter().filter(|call| call.starts_with("plan")).collect();
    assert_eq!(plans, ["plan again#0", "plan again#1", "plan again#2"]);
}

#[test]
fn many_side_by_side_are_planned_in_one_call() {
    let ran = run(async |Context { step, .. }| {
        let steps = (0..40).map(|n| step.run("each", move || Ok(n)));
        Ok(try_join_all(steps).await?.into_iter().sum::<i32>())
    });
    assert_eq!(completed(&ran), &json!(780));
    let longest = ran.calls.iter().map(String::len).max().expect("calls");
    assert!(longest > 200, "all forty in one plan");
}

#[test]
fn a_race_is_won_in_the_order_of_the_journal() {
    let ran = run(async |Context { step, .. }| {
        let slow = async {
            step.run("a1", || Ok(1)).await?;
            step.run("a2", || Ok("slow".to_owned())).await
        };
        Ok(match race(slow, step.run("b", || Ok("fast".to_owned()))).await {
            Either::Left(slow) => slow?,
            Either::Right(fast) => fast?,
        })
    });
    assert_eq!(completed(&ran), &json!("fast"));
}

#[test]
fn the_first_of_several_wins() {
    let ran = run(async |Context { step, .. }| {
        Ok(race_all(["a", "b", "c"].map(|id| step.run(id, move || Ok(id.to_owned())))).await?)
    });
    assert_eq!(completed(&ran), &json!("a"));
}

#[test]
fn the_first_that_succeeds_wins() {
    let ran = run(async |Context { step, .. }| {
        let tries = ["a", "b"].map(|id| {
            step.run(id, move || if id == "a" { Err(Error::msg("ea").non_retriable()) } else { Ok(id.to_owned()) })
        });
        Ok(first_ok(tries).await?)
    });
    assert_eq!(completed(&ran), &json!("b"));
}

#[test]
fn none_of_several_is_an_error_of_the_body() {
    let ran = run(async |Context { step, .. }| {
        let tries = ["a", "b"].map(|id| step.run(id, move || Err::<(), _>(Error::new("TryError", id).non_retriable())));
        Ok(first_ok(tries).await?)
    });
    let failure = failed(&ran);
    assert_eq!(failure.name, "AggregateError");
    assert_eq!(failure.message, "none of 2 has succeeded: TryError: a; TryError: b");
    assert!(matches!(failure.advice, RetryAdvice::ByPolicy) && failure.step.is_none(), "the body may be retried");
    let details: Value = serde_json::from_str(failure.details.as_deref().expect("details")).expect("JSON");
    assert_eq!(details["errors"][1], json!({ "name": "TryError", "message": "b", "code": null }));
    let none = run(async |_: Context| Ok(first_ok(Vec::<std::future::Ready<Result<()>>>::new()).await?));
    assert_eq!(failed(&none).message, "none of 0 has succeeded");
}

#[test]
fn what_is_dropped_before_it_is_polled_is_not_planned() {
    let ran = run(async |Context { step, .. }| {
        drop(step.run("never", || Ok(0)));
        Ok(step.run("a", || Ok(1)).await?)
    });
    assert_eq!(completed(&ran), &json!(1));
    assert!(!ran.calls.iter().any(|call| call.contains("never")));
}

#[test]
fn what_is_dropped_before_it_is_planned_is_not_planned() {
    let ran = run(async |Context { step, .. }| {
        let _: Either<_, ()> = race(step.run("never", || Ok(0)), async {}).await;
        Ok(step.run("a", || Ok(1)).await?)
    });
    assert_eq!(completed(&ran), &json!(1));
    assert!(!ran.calls.iter().any(|call| call.contains("never")));
}

#[test]
fn a_step_that_nobody_awaits_any_more_fails_clearly() {
    let ran = run(async |Context { step, .. }| {
        let mut lying = Box::pin(step.run("a", || Ok(1)));
        let polled = futures_util::poll!(lying.as_mut());
        assert!(polled.is_pending());
        std::future::pending::<()>().await;
        Ok(lying.await?)
    });
    assert_eq!(failed(&ran).name, "StalledError");
}

#[test]
fn an_abandoned_step_does_not_hang() {
    let ran = run(async |Context { step, .. }| {
        let mut lying = Box::pin(step.run("a", || Ok(1)));
        assert!(futures_util::poll!(lying.as_mut()).is_pending());
        let mut polls = 0;
        std::future::poll_fn(|context| {
            polls += 1;
            context.waker().wake_by_ref();
            if polls > 3 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        step.sleep("b", Duration::from_secs(1)).await?;
        Ok(lying.await?)
    });
    let failure = failed(&ran);
    assert_eq!((failure.name.as_str(), failure.advice), ("AbandonedStepError", RetryAdvice::Never));
}

#[test]
fn a_result_for_a_key_not_asked_for_is_kept_until_it_is() {
    let body = Function::new("f", async |Context { step, .. }: Context| {
        let a = step.run("a", || Ok(1)).await?;
        Ok(a + step.run("b", || Err::<i32, _>(Error::msg("b is memoized"))).await?)
    });
    let ran = Raw::default().with("removed", "7").with("b", "2").with("a", "1").run(body, &json!({}));
    assert_eq!(completed(&ran), &json!(3));
}

#[test]
fn a_sleep_suspends_the_body_and_returns_nothing() {
    let ran = run(async |Context { step, .. }| {
        step.sleep("nap", Duration::from_millis(1500)).await?;
        Ok(step.run("a", || Ok(1)).await?)
    });
    assert_eq!(completed(&ran), &json!(1));
    assert_eq!(
        ran.calls,
        ["enter", "plan nap#0", "enter", "plan nap#0", "next nap#0", "plan a#0", "finish a#0", "next a#0"]
    );
}

#[test]
fn a_fetch_is_the_hosts_to_make() {
    let response = json!({ "status": 503, "headers": { "retry-after": "9" }, "body": "later" });
    let handler = async |Context { step, .. }: Context| {
        let response = step.fetch("get", crate::Request::get("http://a.b/")).await?;
        let told = (response.status(), response.header("Retry-After").map(str::to_owned), response.text().into_owned());
        Ok(told)
    };
    let ran = Raw::default().answering("get", response).run(Function::new("f", handler), &json!({}));
    assert_eq!(completed(&ran), &json!([503, "9", "later"]));
    assert_eq!(ran.calls, ["enter", "plan get#0", "enter", "plan get#0", "next get#0"]);
    assert_eq!(ran.asked, [r#"fetch {"method":"GET","url":"http://a.b/"}"#]);
}

#[test]
fn a_blocking_fetch_does_the_same() {
    let response = json!({ "status": 200, "headers": {}, "body": "7" });
    let body = Function::blocking("f", |blocking::Context { step, .. }: blocking::Context| {
        let often = step.retrying(crate::Retry::default().times(9));
        let response = often.fetch("post", crate::Request::post("http://a.b/").json(&1))?;
        response.success()?.json::<u8>()
    });
    let ran = Raw::default().answering("post", response).run(body, &json!({}));
    assert_eq!(completed(&ran), &json!(7));
    let options =
        r#"{"body":"1","headers":{"content-type":"application/json"},"method":"POST","retries":9,"url":"http://a.b/"}"#;
    assert_eq!(ran.asked, [format!("fetch {options}")]);
}

#[test]
fn a_request_that_cannot_be_written_is_a_clear_error() {
    let no_json = std::collections::BTreeMap::from([((1, 2), 3)]);
    let ran = run(async move |Context { step, .. }| {
        step.fetch("post", crate::Request::post("http://a.b/").json(&no_json)).await?;
        Ok(())
    });
    assert_eq!((failed(&ran).name.as_str(), ran.calls.len()), ("SerializeError", 1));
}

#[test]
fn the_options_of_a_sleep_are_milliseconds() {
    assert_eq!(crate::step::sleep_options(Duration::from_millis(1500)), r#"{"ms":1500}"#);
    assert_eq!(crate::step::sleep_options(Duration::from_micros(1500)), r#"{"ms":1.5}"#);
}

#[test]
fn closures_may_be_async_as_long_as_they_end() {
    let ran = run(async |Context { step, .. }| {
        let name = String::from("x");
        let length = step.run("a", async || Ok(std::future::ready(name.len()).await)).await?;
        let stalled = step.run("b", async || Ok(std::future::pending::<u8>().await)).await;
        Ok((length, stalled.expect_err("nothing brings it about").name.clone()))
    });
    assert_eq!(completed(&ran), &json!([1, "StalledError"]));
}

#[test]
fn an_operation_inside_a_step_is_an_error_even_when_it_is_swallowed() {
    let ran = run(async |Context { step, .. }| {
        let inner = step.clone();
        step.run("outer", async || Ok(inner.run("inner", || Ok(1)).await.is_ok())).await?;
        Ok(())
    });
    let failure = failed(&ran);
    assert_eq!((failure.name.as_str(), failure.advice), ("NestedStepError", RetryAdvice::Never));
    assert!(failure.message.contains("\"outer\" reached operation \"inner\""), "{}", failure.message);
    assert_eq!(failure.step.as_ref().map(|key| key.id.as_str()), Some("outer"));
    assert!(!ran.calls.iter().any(|call| call.contains("inner")));
}

#[test]
fn the_empty_id_is_refused() {
    let ran = run(async |Context { step, .. }| Ok(step.run("", || Ok(1)).await?));
    assert_eq!((failed(&ran).name.as_str(), ran.calls.len()), ("StepIdError", 1));
}

#[test]
fn a_body_that_waits_for_nothing_of_ours_is_an_error() {
    let ran = run(async |_| {
        std::future::pending::<()>().await;
        Ok(())
    });
    assert_eq!((failed(&ran).name.as_str(), failed(&ran).advice), ("StalledError", RetryAdvice::Never));
}

#[test]
fn steps_know_their_attempt_and_their_idempotency_key() {
    let ran = run(async |Context { step, .. }| {
        Ok(step
            .run_with("charge", |this| match this.number {
                0 => Err(Error::msg("at first")),
                _ => Ok(this.idempotency_key),
            })
            .await?)
    });
    assert_eq!(completed(&ran), &json!("run-1-charge-0"));
}

#[test]
fn the_blocking_style_does_the_same() {
    let body = Function::blocking("f", |blocking::Context { step, .. }: blocking::Context| {
        let one = step.run("a", || Ok(1))?;
        step.sleep("nap", Duration::from_secs(1))?;
        Ok(step.run("b", || Ok(one + 1))?)
    });
    let ran = Raw::default().run(body, &json!({}));
    assert_eq!(completed(&ran), &json!(2));
    let first = ["enter", "plan a#0", "finish a#0", "next a#0", "plan nap#0"];
    let second = ["enter", "plan a#0", "next a#0", "plan nap#0", "next nap#0", "plan b#0", "finish b#0", "next b#0"];
    assert_eq!(ran.calls, [&first[..], &second[..]].concat());
}

#[test]
fn a_nested_blocking_step_is_an_error_too() {
    let body = Function::blocking("f", |blocking::Context { step, .. }: blocking::Context| {
        Ok(step.run("outer", || Ok(step.run("inner", || Ok(1))?))?)
    });
    assert_eq!(failed(&Raw::default().run(body, &json!({}))).name, "NestedStepError");
}

fn failing_step() -> Result<u32> {
    Ok("x".parse::<u32>()?)
}

#[test]
fn an_uncaught_step_error_ends_the_run_and_says_which_step() {
    let ran = run(async |Context { step, .. }| Ok(step.run("a", failing_step).await?));
    let failure = failed(&ran);
    assert_eq!((failure.name.as_str(), failure.advice), ("ParseIntError", RetryAdvice::Never));
    assert_eq!(failure.message, "invalid digit found in string");
    assert_eq!(failure.step.as_ref().map(|key| (key.id.as_str(), key.n)), Some(("a", 0)));
    let stack = failure.stack.as_deref().expect("the place of the `?`");
    assert!(stack.starts_with("at src/tests.rs:"), "{stack}");
    assert_eq!(ran.calls.iter().filter(|call| *call == "finish a#0").count(), 2, "one retry");
}

#[test]
fn a_step_error_can_be_caught() {
    let ran = run(async |Context { step, .. }| {
        let error = step.run("a", failing_step).await.expect_err("it fails");
        Ok(format!("{} in {}", error.name, error.step_id()))
    });
    assert_eq!(completed(&ran), &json!("ParseIntError in a"));
}

#[derive(Debug)]
struct Wrapped<T>(T);

impl<T> std::fmt::Display for Wrapped<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("wrapped")
    }
}

impl<T: std::error::Error + 'static> std::error::Error for Wrapped<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_wrapped_step_error_is_an_ordinary_error_of_the_body() {
    let ran = run(async |Context { step, .. }| Ok(step.run("a", failing_step).await.map_err(Wrapped)?));
    let failure = failed(&ran);
    assert_eq!((failure.name.as_str(), failure.advice, &failure.step), ("Wrapped", RetryAdvice::ByPolicy, &None));
    assert_eq!(failure.causes[0].name, "ParseIntError");
    assert_eq!(ran.calls.iter().filter(|call| *call == "finish a#0").count(), 2, "the step is not run again");
}

#[test]
fn the_error_of_another_step_is_final_in_a_step_too() {
    let ran = run(async |Context { step, .. }| {
        let error = step.run("a", failing_step).await.expect_err("it fails");
        Ok(step.run("b", || Err::<(), _>(error.clone().into())).await?)
    });
    assert_eq!(failed(&ran).step.as_ref().map(|key| key.id.as_str()), Some("b"));
    assert_eq!(ran.calls.iter().filter(|call| *call == "finish b#0").count(), 1, "it is not retried");
}

#[test]
fn advice_counts_on_the_outside_only() {
    let advice = |error: Error| error.of_body().advice;
    assert_eq!(advice(NonRetriableError::new("no").into()), RetryAdvice::Never);
    assert_eq!(advice(RetryAfterError::new("later", Duration::from_secs(2)).into()), RetryAdvice::After(2000.0));
    assert_eq!(advice(Wrapped(NonRetriableError::new("no")).into()), RetryAdvice::ByPolicy);
    assert_eq!(advice(Wrapped(RetryAfterError::new("later", Duration::ZERO)).into()), RetryAdvice::ByPolicy);
    assert_eq!(advice(Error::msg("x").caused_by(NonRetriableError::new("no"))), RetryAdvice::ByPolicy);
    assert_eq!(advice("x".parse::<u8>().non_retriable().expect_err("not a number")), RetryAdvice::Never);
}

#[test]
fn errors_keep_their_name_message_code_details_and_causes() {
    let inner = NonRetriableError::new("inner").caused_by(std::fmt::Error);
    let failure = Error::from(Wrapped(inner)).with_code("E1").with_details(&json!({ "a": 1 })).of_body();
    assert_eq!((failure.name.as_str(), failure.message.as_str()), ("Wrapped", "wrapped"));
    assert_eq!((failure.code.as_deref(), failure.details.as_deref()), (Some("E1"), Some(r#"{"a":1}"#)));
    let causes: Vec<_> = failure.causes.iter().map(|cause| (cause.name.as_str(), cause.message.as_str())).collect();
    assert_eq!(causes[0], ("NonRetriableError", "inner"));
    assert_eq!(causes.len(), 2);
    assert_eq!(Error::msg("x").with_details(&5).of_body().details.as_deref(), Some(r#"{"value":5}"#));
}

#[test]
fn the_place_is_that_of_the_users_code() {
    let here = line!() + 1;
    let error = "x".parse::<u8>().code("NUMBER").expect_err("not a number");
    assert_eq!(error.of_body().stack, Some(format!("at src/tests.rs:{here}:35")));
}

#[cfg(feature = "anyhow")]
#[test]
fn anyhow_errors_are_read_too() {
    use anyhow::Context as _;
    let error = "x".parse::<u8>().context("reading the price").expect_err("not a number");
    let failure = Error::from_anyhow(error).of_body();
    assert_eq!((failure.name.as_str(), failure.message.as_str()), ("Error", "reading the price"));
    assert_eq!(failure.causes[0].name, "ParseIntError");
    let plain = Error::from_anyhow(NonRetriableError::new("no").into()).of_body();
    assert_eq!((plain.name.as_str(), plain.advice), ("NonRetriableError", RetryAdvice::Never));
}

#[test]
fn what_is_no_json_is_a_clear_error() {
    let no_json = || std::collections::BTreeMap::from([((1, 2), 3)]);
    let ran = run(async move |_| Ok(no_json()));
    assert_eq!((failed(&ran).name.as_str(), failed(&ran).advice), ("SerializeError", RetryAdvice::Never));
    assert_eq!(failed(&ran).message, "failed to write the function's result as JSON: key must be a string");
}

#[test]
fn a_result_that_does_not_fit_is_a_clear_error() {
    let body = Function::new("f", async |Context { step, .. }: Context| Ok(step.run("a", || Ok(1_u8)).await?));
    let ran = Raw::default().with("a", r#""text""#).run(body, &json!({}));
    let failure = failed(&ran);
    assert_eq!((failure.name.as_str(), failure.advice), ("DeserializeError", RetryAdvice::Never));
    assert!(failure.message.starts_with("failed to read the result of step \"a\" as u8: invalid type: string"));
}

#[test]
fn event_data_that_does_not_fit_is_a_clear_error() {
    let body = Function::new("f", async |_: Context<u8>| Ok(()));
    let ran = Raw::default().run(body, &json!({ "x": 1 }));
    assert_eq!((failed(&ran).name.as_str(), failed(&ran).advice), ("DeserializeError", RetryAdvice::Never));
    assert_eq!(ran.calls, ["enter"]);
}

#[test]
fn a_context_tells_of_the_run_and_its_events() {
    let ran = run(async |context: Context| {
        context.log.write(crate::Level::Info, "hello", &json!({ "a": 1 }));
        let all: Vec<String> = context.events.read()?.into_iter().map(|event| event.id).collect();
        let at = context.event.time().duration_since(std::time::UNIX_EPOCH)?.as_millis();
        Ok(json!([context.run_id, context.attempt, context.max_attempts, context.event.name, all, at]))
    });
    assert_eq!(completed(&ran), &json!(["run-1", 0, 2, "test/event", ["event-1"], 1500]));
    let [line] = ran.run.log().try_into().expect("one line");
    assert_eq!((line.level, line.message.as_str(), line.fields), (crate::Level::Info, "hello", json!({ "a": 1 })));
}

#[test]
fn a_failure_handler_gets_the_error_the_event_and_what_was_done() {
    let body = async |Context { step, .. }: Context| {
        step.run("done", || Ok(5)).await?;
        Err::<(), _>(Error::new("Boom", "it broke"))
    };
    let function = Function::new("f", body).on("test/event").on_failure(
        async |FailureContext { error, event, failed, step, run_id, .. }: FailureContext| {
            let done: Option<u32> = failed.step("done")?;
            let other: Option<u32> = failed.nth_step("done", 1)?;
            let said = step.run("alert", || Ok(error.to_string())).await?;
            Ok(json!([said, done, other, failed.run_id, run_id, event.data.event.data, event.data.function_id]))
        },
    );
    let run = TestHost::new([function]).plugin("p").execute("test/event", json!({ "x": 9 }));
    let wanted = json!(["Boom: it broke", 5, null, "run-1", "run-2", { "x": 9 }, "p-f"]);
    assert_eq!(run.handler().output(), wanted);
}

#[test]
fn a_definition_is_what_was_built() {
    let function = Function::new("f", async |_: Context| Ok(()))
        .name("F")
        .on("a/b")
        .on(crate::Trigger::event("c/*").when("event.data.n > 1"))
        .retries(2);
    let definition = function.definition();
    assert_eq!((definition.id.as_str(), definition.name.as_str(), definition.has_failure_handler), ("f", "F", false));
    let options = r#"{"triggers":[{"event":"a/b"},{"event":"c/*","if":"event.data.n > 1"}],"retries":2}"#;
    assert_eq!(definition.options, options);
}

#[test]
fn how_often_it_starts_is_an_option() {
    let limit = crate::RateLimit::new(3, Duration::from_secs(60)).key("event.data.to");
    let function = Function::new("f", async |_: Context| Ok(())).idempotency("event.data.id").rate_limit(limit);
    let options = r#"{"triggers":[],"idempotency":"event.data.id","rate_limit":{"limit":3,"period_ms":60000,"key":"event.data.to"}}"#;
    assert_eq!(function.definition().options, options);
}

#[test]
fn a_schedule_is_a_trigger() {
    let weekly = crate::Trigger::cron("TZ=Europe/Paris 0 9 * * 1").jitter(Duration::from_secs(30));
    let function = Function::new("f", async |_: Context| Ok(())).on(weekly);
    let options = r#"{"triggers":[{"cron":"TZ=Europe/Paris 0 9 * * 1","jitter":"30000ms"}]}"#;
    assert_eq!(function.definition().options, options);
}

#[test]
fn one_failed_branch_does_not_lose_the_other() {
    let ran = run(async |Context { step, .. }| {
        let (bad, good) = join!(step.run("bad", failing_step), step.run("good", || Ok(2)));
        Ok((bad.map_err(|error: StepError| error.name.clone()), good?))
    });
    assert_eq!(completed(&ran), &json!([{ "Err": "ParseIntError" }, 2]));
}

#[test]
fn a_failure_event_rebuilds_the_error_with_its_causes() {
    let error = r#"{"name":"A","message":"outer","error":"NonRetriableError","code":"E1","attempts":3,
        "cause":{"__serialized":true,"name":"B","message":"middle","cause":"inner"}}"#;
    let error: crate::FunctionError = serde_json::from_str(error).expect("Inngest's shape");
    let mut chain = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        chain.push(error.to_string());
        next = error.source();
    }
    assert_eq!(chain, ["A: outer", "B: middle", "inner"]);
    assert_eq!((error.code.as_deref(), error.attempts), (Some("E1"), Some(3)));
}

#[test]
fn a_step_gets_its_input_or_the_one_that_is_given() {
    let body = || {
        Function::new("f", async |Context { step, .. }: Context| {
            Ok(step.run_on("charge", 7, |cents: u32| Ok(cents)).await?)
        })
    };
    assert_eq!(completed(&Raw::default().run(body(), &json!({}))), &json!(7));
    assert_eq!(completed(&Raw::default().with_input("charge", "9").run(body(), &json!({}))), &json!(9));
    let ran = Raw::default().with_input("charge", r#""much""#).run(body(), &json!({}));
    assert_eq!(failed(&ran).name, "DeserializeError");
    let blocking =
        Function::blocking("f", |context: blocking::Context| Ok(context.step.run_on("charge", 7, Ok::<u32, Error>)?));
    assert_eq!(completed(&Raw::default().with_input("charge", "9").run(blocking, &json!({}))), &json!(9));
}
