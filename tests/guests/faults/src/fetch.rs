//! Functions that have the host make requests, for tests of what becomes of those.

use serde_json::{Value, json};
use std::time::Duration;
use stepwell::{
    Concurrency, Context, Error, Function, Request, Response, Result, Retry, RetryAfterError, StepError, blocking,
    try_join, try_join_all,
};

use crate::http;

pub fn functions() -> Vec<Function> {
    let function = |id: &'static str, function: Function| function.on(format!("faults/{id}")).retries(20);
    vec![
        function("fetch", Function::new("fetch", fetch)),
        function("fetch-blocking", Function::blocking("fetch-blocking", fetch_blocking)),
        function("fetch-two", Function::new("fetch-two", fetch_two)),
        function("fetch-many", Function::new("fetch-many", fetch_many)),
        function("fetch-beside-step", Function::new("fetch-beside-step", fetch_beside_step)),
        function("fetch-behind-step", Function::new("fetch-behind-step", fetch_behind_step)),
        function("fetch-in-crowd", Function::new("fetch-in-crowd", fetch_in_crowd).concurrency(Concurrency::new(1))),
        function("fetch-secretly", Function::new("fetch-secretly", fetch_secretly)),
        function("fetch-while-failing", Function::new("fetch-while-failing", fetch_while_failing)),
        function("fetch-or-step", Function::new("fetch-or-step", fetch_or_step)),
    ]
}

/// `{"url": "http://…", "method": "POST", "body": "…", "timeout_ms": 50, "retries": 0}`: the response, or the error of
/// the fetch.
async fn fetch(Context { event, step, .. }: Context) -> Result<Value> {
    let retries = event.data["retries"].as_u64().and_then(|retries| retries.try_into().ok());
    let step = step.retrying(Retry::default().times(retries.unwrap_or(20)));
    Ok(tell(step.fetch("get", request(&event.data)).await))
}

fn fetch_blocking(blocking::Context { event, step, .. }: blocking::Context) -> Result<Value> {
    Ok(tell(step.fetch("get", request(&event.data))))
}

fn request(data: &Value) -> Request {
    let mut request = Request::new(text(&data["method"], "GET"), text(&data["url"], ""));
    if let Some(ms) = data["timeout_ms"].as_u64() {
        request = request.timeout(Duration::from_millis(ms));
    }
    for (name, value) in data["headers"].as_object().into_iter().flatten() {
        request = request.header(name, text(value, ""));
    }
    request.body(text(&data["body"], ""))
}

fn text<'a>(value: &'a Value, or: &'a str) -> &'a str {
    value.as_str().unwrap_or(or)
}

fn tell(fetched: Result<Response, StepError>) -> Value {
    match fetched {
        Ok(response) => json!({
            "status": response.status(),
            "url": response.url(),
            "type": response.header("Content-Type"),
            "text": response.text(),
            "bytes": response.bytes().len(),
        }),
        Err(error) => json!({ "name": error.name, "code": error.code, "message": error.message }),
    }
}

/// `{"url": "http://…"}`: from there `/left` and `/right`, side by side.
async fn fetch_two(Context { event, step, .. }: Context) -> Result<Value> {
    let get = |side: &'static str| step.fetch(side, Request::get(format!("{}/{side}", text(&event.data["url"], ""))));
    let (left, right) = try_join!(get("left"), get("right"))?;
    Ok(json!([left.status(), right.status()]))
}

/// `{"url": "http://…", "fetches": 70}`: as many, side by side.
async fn fetch_many(Context { event, step, .. }: Context) -> Result<usize> {
    let get = |n: u64| step.fetch("get", Request::get(format!("{}/{n}", text(&event.data["url"], ""))));
    let fetches = (0..event.data["fetches"].as_u64().unwrap_or(70)).map(get);
    Ok(try_join_all(fetches).await?.len())
}

/// `{"url": "http://…"}`: from there `/fetch`, beside a step that gets `/step`.
async fn fetch_beside_step(Context { event, step, .. }: Context) -> Result<Value> {
    let url = text(&event.data["url"], "");
    let fetched = step.fetch("fetch", Request::get(format!("{url}/fetch")));
    let (response, status) = try_join!(fetched, step.run("step", || http::get(&format!("{url}/step"))))?;
    Ok(json!([response.status(), status]))
}

/// `{"url": "http://…"}`: from there what a step has drawn at random.
async fn fetch_behind_step(Context { event, step, .. }: Context) -> Result<u16> {
    let drawn: String = step.run("draw", || Ok(format!("{:016x}", wasip2::random::random::get_random_u64()))).await?;
    Ok(step.fetch("get", Request::get(format!("{}/{drawn}", text(&event.data["url"], "")))).await?.status())
}

/// `{"url": "http://…", "then": "http://…"}`: the one fetched where it is given, and behind it the other, in a step.
async fn fetch_in_crowd(Context { event, step, .. }: Context) -> Result<()> {
    if event.data["url"].is_string() {
        step.fetch("get", request(&event.data)).await?;
    }
    step.run("then", || http::get(text(&event.data["then"], ""))).await?;
    Ok(())
}

/// `{"url": "http://…"}`, with the variable `TOKEN` in a header, in the query, and in the body.
async fn fetch_secretly(Context { event, step, .. }: Context) -> Result<Value> {
    let token = std::env::var("TOKEN").unwrap_or_default();
    let request = Request::post(format!("{}?token={token}", text(&event.data["url"], ""))).bearer(&token);
    Ok(tell(step.fetch("get", request.body(token)).await))
}

/// `{"url": "http://…"}`: while it is fetched, the body fails behind a step, to be tried again in an hour.
async fn fetch_while_failing(Context { event, step, .. }: Context) -> Result<()> {
    let fail = async {
        step.run("first", || Ok(())).await?;
        Err::<(), _>(Error::from(RetryAfterError::new("not now", Duration::from_secs(3600))))
    };
    let get = async { Ok(step.fetch("get", request(&event.data)).await?) };
    try_join!(get, fail)?;
    Ok(())
}

/// `{"url": "http://…"}`: a fetch at the first attempt; at the second a step of the same id.
async fn fetch_or_step(Context { event, step, attempt, .. }: Context) -> Result<()> {
    if attempt == 0 {
        step.fetch("same-id", request(&event.data)).await?;
        return Err(Error::msg("once more, differently"));
    }
    step.run("same-id", || Ok(())).await?;
    Ok(())
}
