//! Functions that misbehave, each as its id says, and functions that try the sandbox's walls.
//!
//! The first group misbehaves where the event says: `{"in": "body"}` (the default), `"step"` (its id is "fault"), or
//! `"handler"`: then the body fails and the failure handler misbehaves. Each is there twice: without retries, and as
//! `<id>-retried-once`.

mod chain;
mod fetch;
mod http;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;
use stepwell::{Concurrency, Context, Error, FailureContext, Function, Result, Step, WaitForSignal, try_join_all};

stepwell::plugin!(misbehaving, limits, mistakes, walls, crowds, chain::functions, fetch::functions);

/// Misbehaves wherever the event says.
type Fault = fn(&Value);

fn misbehaving() -> Vec<Function> {
    let faults: [(&str, Fault); 4] = [
        ("loop-forever", loop_forever),
        ("recurse-endlessly", |_| {
            black_box(recurse_endlessly(1));
        }),
        ("eat-memory", eat_memory),
        ("panic", |data| panic!("told to panic in {}", place(data))),
    ];
    let twice = |(id, fault): (&str, Fault)| [(id.to_owned(), fault, 0), (format!("{id}-retried-once"), fault, 1)];
    faults.into_iter().flat_map(twice).map(|(id, fault, retries)| misbehave(id, fault, retries)).collect()
}

fn misbehave(id: String, fault: Fault, retries: u32) -> Function {
    Function::new(id.clone(), async move |Context { event, step, .. }: Context| {
        match place(&event.data) {
            "step" => {
                step.run("fault", || {
                    fault(&event.data);
                    Ok(())
                })
                .await?;
            }
            "handler" => return Err(Error::new("Told", "the body was told to fail")),
            _ => fault(&event.data),
        }
        Ok("nothing happened")
    })
    .on(format!("faults/{id}"))
    .retries(retries)
    .on_failure(async move |FailureContext { error, event, .. }: FailureContext| {
        let data = &event.data.event.data;
        if place(data) == "handler" {
            fault(data);
        }
        Ok(json!({ "name": error.name, "message": error.message }))
    })
}

fn place(data: &Value) -> &str {
    data["in"].as_str().unwrap_or("body")
}

fn loop_forever(_: &Value) {
    let mut turns: u64 = 0;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

#[expect(unconditional_recursion, reason = "that is its fault")]
fn recurse_endlessly(depth: u64) -> u64 {
    black_box(recurse_endlessly(black_box(depth) + 1)) + depth
}

/// Takes as many MiB as the event says (`{"mib": 64}`), or all there are.
fn eat_memory(data: &Value) {
    let mib = data["mib"].as_u64().unwrap_or(u64::MAX);
    let mut eaten = Vec::new();
    while (eaten.len() as u64) < mib {
        eaten.push(black_box(vec![1_u8; 1 << 20]));
    }
}

fn limits() -> Vec<Function> {
    let function = |id: &'static str, handler: Function| handler.on(format!("faults/{id}")).retries(0);
    vec![
        function("big-step-output", Function::new("big-step-output", big_step_output)),
        function("big-result", Function::new("big-result", big_result)),
        function("big-error", Function::new("big-error", big_error)),
        function("many-steps", Function::new("many-steps", many_steps)),
        function("many-big-steps", Function::new("many-big-steps", many_big_steps)),
        function("long-sleep", Function::new("long-sleep", long_sleep)),
        function("await-signal", Function::new("await-signal", await_signal)),
    ]
}

/// Functions that ask the world something, under a limit: one at a time for each name, two for all.
fn crowds() -> Vec<Function> {
    let limit = || Concurrency::new(2).key("'crowd'").across_environment();
    let one = Function::new("crowd", async |Context { event, step, .. }: Context| {
        step.run("ask", || http::get(event.data["url"].as_str().unwrap_or_default())).await?;
        Ok(())
    });
    let fan = Function::new("crowd-fan", async |Context { event, step, .. }: Context| {
        let url = event.data["url"].as_str().unwrap_or_default();
        let ask = |n: u32| step.run(format!("ask-{n}"), move || http::get(&format!("{url}/{n}")));
        try_join_all((0..4).map(ask)).await?;
        Ok(())
    });
    vec![
        one.on("faults/crowd").concurrency(limit()).concurrency(Concurrency::new(1).key("event.data.name")),
        fan.on("faults/crowd-fan").concurrency(limit()),
    ]
}

/// `{"mib": 5}` from a step.
async fn big_step_output(Context { event, step, .. }: Context) -> Result<usize> {
    Ok(step.run("big", || Ok(text_of_mib(&event.data, 5))).await?.len())
}

/// `{"mib": 9}` as the function's result.
async fn big_result(Context { event, .. }: Context) -> Result<String> {
    Ok(text_of_mib(&event.data, 9))
}

/// `{"mib": 1}` as an error's message.
async fn big_error(Context { event, .. }: Context) -> Result<()> {
    Err(Error::msg(text_of_mib(&event.data, 1)))
}

/// `{"steps": 1001}`, one after the other, or side by side with `"parallel": true`.
async fn many_steps(Context { event, step, .. }: Context) -> Result<u64> {
    let steps = (0..event.data["steps"].as_u64().unwrap_or(1001)).map(|n| step.run("one", move || Ok(n)));
    if event.data["parallel"] == true {
        return Ok(try_join_all(steps).await?.len() as u64);
    }
    let mut last = 0;
    for one in steps {
        last = one.await?;
    }
    Ok(last + 1)
}

/// `{"steps": 12, "mib": 3}`: each within its limit, together beyond the run's.
async fn many_big_steps(Context { event, step, .. }: Context) -> Result<usize> {
    let mut total = 0;
    for _ in 0..event.data["steps"].as_u64().unwrap_or(12) {
        total += step.run("big", || Ok(text_of_mib(&event.data, 3))).await?.len();
    }
    Ok(total)
}

/// `{"days": 400}`.
async fn long_sleep(Context { event, step, .. }: Context) -> Result<()> {
    let days = event.data["days"].as_u64().unwrap_or(400);
    step.sleep("long", Duration::from_secs(days * 24 * 3600)).await?;
    Ok(())
}

/// `{"signal": "approved"}`: its data.
async fn await_signal(Context { event, step, .. }: Context) -> Result<Option<Value>> {
    let signal = event.data["signal"].as_str().unwrap_or("signal");
    Ok(step.wait_for_signal("wait", WaitForSignal::named(signal)).await?)
}

fn text_of_mib(data: &Value, or: usize) -> String {
    let mib = data["mib"].as_u64().map_or(or, |mib| usize::try_from(mib).unwrap_or(or));
    "x".repeat(mib << 20)
}

fn mistakes() -> Vec<Function> {
    vec![
        Function::new("nested-step", nested_step).on("faults/nested-step").retries(1),
        Function::new("diverge", diverge).on("faults/diverge").retries(1),
        Function::new("wait-for-nothing", wait_for_nothing).on("faults/wait-for-nothing").retries(1),
        Function::new("no-json", no_json).on("faults/no-json").retries(1),
        Function::new("random-ids", random_ids).on("faults/random-ids").retries(1),
    ]
}

/// A step inside a step.
async fn nested_step(Context { step, .. }: Context) -> Result<u32> {
    let inner = step.clone();
    Ok(step.run("outer", async || Ok(inner.run("inner", || Ok(1)).await?)).await?)
}

/// A step at the first attempt; at the second a sleep of the same id.
async fn diverge(Context { step, attempt, .. }: Context) -> Result<()> {
    if attempt == 0 {
        step.run("same-id", || Ok(())).await?;
        return Err(Error::msg("once more, differently"));
    }
    step.sleep("same-id", Duration::from_secs(1)).await?;
    Ok(())
}

/// A body that waits for what never comes.
async fn wait_for_nothing(Context { step, .. }: Context) -> Result<()> {
    step.run("first", || Ok(())).await?;
    std::future::pending().await
}

/// A step whose output cannot be JSON.
async fn no_json(Context { step, .. }: Context) -> Result<usize> {
    let output = step.run("pairs", || Ok(Unwritable(BTreeMap::from([((1, 2), 3)])))).await?;
    Ok(output.0.len())
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Unwritable(BTreeMap<(u8, u8), u8>);

/// Ids that are drawn at random by the body: the same ones at every pass, since the body's randomness is the run's.
async fn random_ids(Context { step, .. }: Context) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = format!("id-{:016x}", wasip2::random::random::get_random_u64());
        step.sleep(id.clone(), Duration::ZERO).await?;
        ids.push(id);
    }
    Ok(ids)
}

fn walls() -> Vec<Function> {
    vec![
        Function::new("call-url", call_url).on("faults/call-url").retries(0),
        Function::new("call-url-in-body", call_url_in_body).on("faults/call-url-in-body").retries(0),
        Function::new("read-variable", read_variable).on("faults/read-variable").retries(0),
        Function::new("read-clock", read_clock).on("faults/read-clock").retries(0),
        Function::new("read-file", read_file).on("faults/read-file").retries(0),
        Function::new("print", print).on("faults/print").retries(0),
    ]
}

/// `{"url": "http://…"}`, in a step: the response's status.
async fn call_url(Context { event, step, .. }: Context) -> Result<u16> {
    Ok(step.run("call", || http::get(url(&event.data)?)).await?)
}

/// The same, outside of a step.
async fn call_url_in_body(Context { event, .. }: Context) -> Result<u16> {
    http::get(url(&event.data)?)
}

fn url(data: &Value) -> Result<&str> {
    data["url"].as_str().ok_or_else(|| Error::msg("the event has no `url`").non_retriable())
}

/// `{"name": "TOKEN"}`: the variable's value, or null.
async fn read_variable(Context { event, step, .. }: Context) -> Result<Option<String>> {
    let name = event.data["name"].as_str().unwrap_or("TOKEN");
    Ok(step.run("read", || Ok(std::env::var(name).ok())).await?)
}

/// The clock in the body, in a step, and after it; in milliseconds since 1970.
async fn read_clock(Context { step, .. }: Context) -> Result<Value> {
    let before = now_ms();
    let inside = read_inside(&step).await?;
    Ok(json!({ "before": before, "inside": inside, "after": now_ms() }))
}

async fn read_inside(step: &Step) -> Result<u64> {
    Ok(step.run("read", || Ok(now_ms())).await?)
}

fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// `{"path": "/etc/passwd"}`: its content, which no plugin should see.
async fn read_file(Context { event, step, .. }: Context) -> Result<String> {
    let path = event.data["path"].as_str().unwrap_or("/etc/passwd");
    Ok(step.run("read", || Ok(std::fs::read_to_string(path)?)).await?)
}

/// `{"text": "…"}` on standard output and standard error.
async fn print(Context { event, .. }: Context) -> Result<()> {
    let text = event.data["text"].as_str().unwrap_or("printed");
    println!("{text}");
    eprintln!("{text}");
    Ok(())
}
