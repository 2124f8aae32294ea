//! Functions that do what their event says, under every kind of limit.
//!
//! `data.do` is a list of operations, done in order; `data.handler` is what the failure handler does. `data.k` is what
//! keys are made of. What a function returns is a list of what its steps came to: `{"id": …, "value": …}`.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value, json};
use stepwell::{
    Batch, Concurrency, Context, Debounce, Error, FailureContext, Function, FunctionFailed, Invoke, NewEvent,
    NonRetriableError, RateLimit, Result, Singleton, Step, Throttle, WaitFor, join_all,
};
use wasip2::random::random::get_random_u64;

stepwell::plugin!(functions);

fn functions() -> Vec<Function> {
    let seconds = Duration::from_secs;
    let own = |id: &'static str| {
        Function::new(id, async |Context { event, step, attempt, .. }: Context| {
            perform(&event.data, &step, attempt).await
        })
        .on(format!("sim/{id}"))
        .retries(2)
        .on_failure(async |FailureContext { event, step, attempt, .. }: FailureContext| {
            let data = &event.data.event.data;
            perform(&json!({ "do": data["handler"], "fails": data["handler_fails"] }), &step, attempt).await
        })
    };
    let shared = |limit| Concurrency::new(limit).key("'shared'").across_account();
    vec![
        own("plain"),
        own("once").retries(0).idempotency("event.data.k"),
        own("one").concurrency(Concurrency::new(1)),
        own("pair").concurrency(Concurrency::new(1).key("event.data.k")).concurrency(shared(3)),
        own("prior").concurrency(shared(2)).priority("event.data.k * 100"),
        own("lone").run_concurrency(Concurrency::new(1).key("event.data.k")),
        own("pace").throttle(Throttle::new(1, seconds(10)).burst(2)),
        own("calm").debounce(Debounce::new(seconds(5)).within(seconds(20)).key("event.data.k")),
        own("batch").batch(Batch::new(3, seconds(10)).key("event.data.k")),
        own("skip").singleton(Singleton::skip().key("event.data.k")),
        own("take").singleton(Singleton::cancel().key("event.data.k")),
        own("rare").rate_limit(RateLimit::new(2, seconds(60))),
        own("hasty").run_concurrency(Concurrency::new(1)).start_within(seconds(30)).finish_within(seconds(100)),
        own("stoppable").cancel_on(WaitFor::event("sim/stop").matching("data.k")),
        Function::new("hears-failures", async |Context { event, step, .. }: Context<FunctionFailed>| {
            Ok(step.run("hear", || Ok(event.data.run_id.clone())).await?)
        })
        .on("inngest/function.failed"),
    ]
}

async fn perform(data: &Value, step: &Step, attempt: u32) -> Result<Vec<Value>> {
    let mut done = Vec::new();
    for operation in data["do"].as_array().into_iter().flatten() {
        done.extend(one(operation, step).await?);
    }
    match number(&data["fails"]) {
        // More often than any function is retried.
        fails if fails > u64::from(attempt) => Err(Error::msg("told to fail")),
        _ => Ok(done),
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

type Doing<'a> = Pin<Box<dyn Future<Output = Result<Vec<Value>>> + 'a>>;

fn one<'a>(operation: &'a Value, step: &'a Step) -> Doing<'a> {
    let id = operation["id"].as_str().unwrap_or_default().to_owned();
    let wait = Duration::from_millis(number(&operation["ms"]));
    let data = &operation["data"];
    Box::pin(async move {
        let came_to = |value: Value| Ok(vec![json!({ "id": operation["id"], "value": value })]);
        match operation["op"].as_str().unwrap_or_default() {
            "step" => came_to(step.run_with(id, |this| act(operation, this.number)).await?),
            "sleep" => step.sleep(id, wait).await.map(|()| Vec::new()).map_err(Error::from),
            "wait" => {
                let event = step.wait_for_event::<Value, _>(id, WaitFor::event("sim/news").timeout(wait)).await?;
                came_to(event.map_or(Value::Null, |event| event.data["k"].clone()))
            }
            "invoke" => {
                let name = operation["function"].as_str().unwrap_or_default();
                came_to(step.invoke(id, Invoke::function(name).data(data)).await?)
            }
            "send" => {
                let name = operation["event"].as_str().unwrap_or_default();
                step.send_event(id, NewEvent::new(name, data)).await.map(|_| Vec::new()).map_err(Error::from)
            }
            "all" => {
                let all = operation["of"].as_array().into_iter().flatten().map(|one_of| one(one_of, step));
                let mut done = Vec::new();
                for outcome in join_all(all).await {
                    done.extend(outcome?);
                }
                Ok(done)
            }
            "caught" => Ok(one(&operation["of"], step).await.unwrap_or_default()),
            other => Err(NonRetriableError::new(format!("there is no operation {other:?}")).into()),
        }
    })
}

fn act(operation: &Value, attempt: u32) -> Result<Value> {
    if number(&operation["fails"]) > u64::from(attempt) {
        match operation["how"].as_str().unwrap_or_default() {
            "final" => return Err(NonRetriableError::new("told to fail for good").into()),
            "panic" => panic!("told to panic"),
            _ => return Err(Error::msg("told to fail")),
        }
    }
    Ok(get_random_u64().to_string().into())
}
