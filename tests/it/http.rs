//! The HTTP interface as its users meet it: events in (vectors H1 to H8), runs read (H13), bad input told what to do.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::process::{Host, Site};

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("http::accepts_one_event_and_many", accepts),
        Trial::test("http::refuses_bad_events_and_says_why", refuses),
        Trial::test("http::reads_runs_and_their_errors", reads),
        Trial::test("http::answers_while_a_parallel_step_is_retried", retries_in_parallel),
    ]
}

fn host() -> Result<(Site, Host), Failed> {
    let site = Site::new(&["faults"]);
    let mut host = site.serve(&["--retry-interval", "1ms", "--event-key", "test"], &[])?;
    host.wait_for("the plugin", |host| {
        host.request("GET", "/api/v1/functions", "").ok()?.1.contains("faults-print").then_some(())
    });
    Ok((site, host))
}

/// The retried step executes beside its sibling's recorded result, in an instance of its own.
fn retries_in_parallel() -> Result<(), Failed> {
    let site = Site::new(&["trial"]);
    let mut host = site.serve(&["--retry-interval", "50ms", "--event-key", "test"], &[])?;
    host.wait_for("the plugin", |host| {
        host.request("GET", "/api/v1/functions", "").ok()?.1.contains("trial-trial").then_some(())
    });
    let data = json!({ "fail": "left", "until_attempt": 1 });
    let event = host.send(&json!({ "name": "trial/started", "data": data })).expect("accepted");
    let output = host.wait_for("the run's end", |host| {
        let run = host.get(&format!("/v1/events/{event}/runs"))["data"][0].clone();
        (run["status"] == "Completed").then(|| run["output"].clone())
    });
    assert_eq!(output, json!({ "first": 1, "second": 2, "left": 3, "right": 4 }));
    Ok(())
}

fn post(host: &Host, path: &str, body: &str) -> Result<(u16, Value), Failed> {
    let (status, body) = host.request("POST", path, body)?;
    Ok((status, serde_json::from_str(&body)?))
}

fn accepts() -> Result<(), Failed> {
    let (_site, host) = host()?;
    let (status, answer) = post(&host, "/e/test", r#"{"name":"h/one"}"#)?;
    assert_eq!((status, answer["status"].as_u64(), answer["ids"].as_array().map(Vec::len)), (200, Some(200), Some(1)));
    let (status, answer) = post(&host, "/e/test", r#"[{"name":"h/a"},{"name":"h/b"}]"#)?;
    let ids = answer["ids"].as_array().expect("ids").clone();
    assert_eq!((status, ids.len()), (200, 2));
    let names: Vec<_> = ids
        .iter()
        .map(|id| host.get(&format!("/v1/events/{}", id.as_str().expect("an id")))["data"]["name"].clone())
        .collect();
    assert_eq!(names, ["h/a", "h/b"], "ids are in the order of the events");
    Ok(())
}

fn refuses() -> Result<(), Failed> {
    let (_site, host) = host()?;
    let many: Vec<_> = (0..5_001).map(|_| json!({ "name": "h/many" })).collect();
    let large = json!({ "name": "h/large", "data": { "x": "y".repeat(3 << 20) } });
    // Body → status, and a part of the message.
    let cases = [
        (json!({ "data": {} }).to_string(), 400, "name is missing"),
        (json!({ "name": "Inngest/x" }).to_string(), 400, "reserved"),
        (json!({ "name": "inngest/function.failed" }).to_string(), 400, "reserved"),
        (json!({ "name": "h/old", "ts": 1_000 }).to_string(), 400, "1980"),
        (json!(many).to_string(), 400, "5000"),
        (large.to_string(), 400, "limit"),
        ("{".to_owned(), 400, "JSON"),
    ];
    for (body, expected, part) in cases {
        let (status, answer) = post(&host, "/e/test", &body)?;
        let message = answer["error"].as_str().unwrap_or_default();
        if status != expected || !message.contains(part) {
            return Err(format!(
                "{status} {answer} for {}, wanted {expected} and {part:?}",
                &body[..40.min(body.len())]
            )
            .into());
        }
    }
    let (status, _) = post(&host, "/e/wrong", r#"{"name":"h/one"}"#)?;
    assert_eq!(status, 401, "a wrong key");
    Ok(())
}

fn reads() -> Result<(), Failed> {
    let (_site, mut host) = host()?;
    let event = host.send(&json!({ "name": "faults/panic", "data": {} })).expect("accepted");
    let run = host.wait_for("the run's failure", |host| {
        let run = host.get(&format!("/v1/events/{event}/runs"))["data"][0].clone();
        (run["status"] == "Failed").then_some(run)
    });
    assert_eq!(run["output"]["name"], "Panic");
    assert_eq!(
        run["output"]["message"].as_str().map(|message| message.starts_with("told to panic in body")),
        Some(true)
    );
    let id = run["run_id"].as_str().expect("an id");
    let same = host.get(&format!("/v1/runs/{id}"))["data"].clone();
    assert_eq!(same["output"], run["output"]);
    let stack = same["output"]["stack"].as_str().unwrap_or_default();
    assert!(stack.contains("faults"), "the guest's own functions are in the stack: {stack}");
    for path in ["/v1/runs/nonsense", "/v1/runs/01M834HKA4001TT6HH1NT6JXPJ", "/v1/events/01M834HKA4001TT6HH1NT6JXPJ"] {
        let (status, body) = host.request("GET", path, "")?;
        assert!(matches!(status, 400 | 404), "{path}: {status} {body}");
    }
    Ok(())
}
