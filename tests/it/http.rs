//! The HTTP interface as its users meet it: events in (vectors H1 to H8), runs read (H13), bad input told what to do.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::process::{Host, Site};
use crate::witness::Witness;

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("http::accepts_one_event_and_many", accepts),
        Trial::test("http::the_same_seed_is_the_same_event", seeds),
        Trial::test("http::takes_forms", forms),
        Trial::test("http::lists_events_jobs_and_functions", lists),
        Trial::test("http::refuses_bad_events_and_says_why", refuses),
        Trial::test("http::reads_runs_and_their_errors", reads),
        Trial::test("http::cancels_runs_once", cancels),
        Trial::test("http::signals_reach_the_run_that_waits", signals),
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

/// A request that a client repeats under its seed is answered as the first time, at once, later, and by the next process
/// (vector H12).
fn seeds() -> Result<(), Failed> {
    const HEADERS: [(&str, &str); 2] =
        [("content-type", "application/json"), ("x-inngest-event-id-seed", "1743130137367,eii2YKXRVTJPuA==")];
    let body = r#"[{"name":"faults/print"},{"name":"faults/print","id":"mine"}]"#;
    let send = |host: &Host| host.request_with("POST", "/e/test", &HEADERS, body.as_bytes());
    let (site, mut host) = host()?;
    let answers = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..4).map(|_| scope.spawn(|| send(&host))).collect();
        senders.into_iter().map(|sender| sender.join().expect("no panic")).collect::<Result<Vec<_>, _>>()
    })?;
    assert_eq!(answers[0].0, 200, "{}", answers[0].1);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    host.kill();
    let host = site.serve(&["--event-key", "test"], &[])?;
    assert_eq!(send(&host)?, answers[0], "it is remembered");
    let ids: Value = serde_json::from_str(&answers[0].1)?;
    for id in ids["ids"].as_array().expect("ids") {
        let runs = host.get(&format!("/v1/events/{}/runs", id.as_str().expect("an id")));
        assert_eq!(runs["data"].as_array().map(Vec::len), Some(1), "{runs}");
    }
    let runs = host.get("/api/v1/runs?function=faults-print")["runs"].as_array().map(Vec::len);
    assert_eq!(runs, Some(2), "nothing ran twice");
    let (_, other) = host.request("POST", "/e/test", body)?;
    assert_ne!(other, answers[0].1, "without the seed it is another request");
    Ok(())
}

/// Forms of both kinds are events; what calls itself a form and is JSON is JSON.
fn forms() -> Result<(), Failed> {
    const URL_ENCODED: &str = "application/x-www-form-urlencoded";
    const MULTIPART: &str = "multipart/form-data; boundary=xx";
    let (_site, host) = host()?;
    let parts = "--xx\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nh/form\r\n\
                 --xx\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\"n\":1}\r\n--xx--\r\n";
    let send = |content_type: &str, body: &str| -> Result<(u16, Value), Failed> {
        let (status, body) =
            host.request_with("POST", "/e/test", &[("content-type", content_type)], body.as_bytes())?;
        Ok((status, serde_json::from_str(&body)?))
    };
    for (content_type, body) in [
        (URL_ENCODED, "name=h%2Fform&data=%7B%22n%22%3A1%7D"),
        (URL_ENCODED, r#"{"name":"h/form","data":{"n":1}}"#),
        (URL_ENCODED, "events=%5B%7B%22name%22%3A%22h%2Fform%22%2C%22data%22%3A%7B%22n%22%3A1%7D%7D%5D"),
        (MULTIPART, parts),
    ] {
        let (status, answer) = send(content_type, body)?;
        assert_eq!((status, answer["ids"].as_array().map(Vec::len)), (200, Some(1)), "{body}: {answer}");
        let event = &host.get(&format!("/v1/events/{}", answer["ids"][0].as_str().expect("an id")))["data"];
        assert_eq!((&event["name"], &event["data"]), (&json!("h/form"), &json!({ "n": 1 })), "{body}");
    }
    for (content_type, body, part) in [
        (URL_ENCODED, "data=%7B%7D", "name is missing"),
        (URL_ENCODED, "name=h%2Fform&sku=A1", "field \"sku\" is not known"),
        (URL_ENCODED, "name=inngest%2Fx", "reserved"),
        (MULTIPART, "--xx", "ends before its boundary"),
        ("multipart/form-data", "--xx--", "no boundary"),
        ("text/plain", "name=h%2Fform", "JSON"),
    ] {
        let (status, answer) = send(content_type, body)?;
        let message = answer["error"].as_str().unwrap_or_default();
        assert!(status == 400 && message.contains(part), "{body}: {status} {answer}");
    }
    Ok(())
}

/// `/v1/events` by name, time and page; `/v1/runs/{id}/jobs`; `/v1/apps/{app}/functions`.
fn lists() -> Result<(), Failed> {
    let (_site, mut host) = host()?;
    let sent: Vec<_> =
        ["h/a", "h/b", "h/a"].map(|name| host.send(&json!({ "name": name }))).into_iter().flatten().collect();
    let list = |host: &Host, query: &str| -> Vec<String> {
        let events = host.get(&format!("/v1/events?{query}"))["data"].clone();
        let ids = events.as_array().expect("events").iter().map(|event| event["internal_id"].as_str());
        ids.map(|id| id.expect("an id").to_owned()).collect()
    };
    assert_eq!(list(&host, "limit=50&else=1"), [&*sent[2], &sent[1], &sent[0]]);
    assert_eq!(list(&host, "name=h%2Fa"), [&*sent[2], &sent[0]]);
    assert_eq!(list(&host, &format!("name=h%2Fa&cursor={}", sent[2])), [&*sent[0]]);
    let received = host.get(&format!("/v1/events/{}", sent[1]))["data"]["received_at"].clone();
    let received = received.as_str().expect("a time");
    assert!(list(&host, &format!("received_after={received}&received_before={received}")).contains(&sent[1]));
    assert!(list(&host, "received_before=2026-01-01T00:00:00Z").is_empty());
    for (path, expected) in [
        ("/v1/events?received_after=now", 400),
        ("/v1/events?cursor=x", 400),
        ("/v1/apps/nobody/functions", 404),
        ("/v1/runs/01M834HKA4001TT6HH1NT6JXPJ/jobs", 404),
    ] {
        let (status, body) = host.request("GET", path, "")?;
        assert_eq!(status, expected, "{path}: {body}");
    }
    let functions = host.get("/v1/apps/faults/functions");
    let print = functions.as_array().expect("functions").iter().find(|function| function["id"] == "faults-print");
    assert_eq!(
        print.map(|print| (&print["app_id"], &print["config"]["id"])),
        Some((&json!("faults"), &json!("print")))
    );

    let event = host.send(&json!({ "name": "faults/await-signal", "data": { "signal": "approved" } }));
    let event = event.expect("accepted");
    let run = host.get(&format!("/v1/events/{event}/runs"))["data"][0]["run_id"].as_str().expect("an id").to_owned();
    let jobs = |host: &Host| host.get(&format!("/v1/runs/{run}/jobs"))["data"].clone();
    let job = host.wait_for("it to wait", |host| Some(jobs(host)[0].clone()).filter(|job| job["kind"] == "pause"));
    for path in [format!("/v1/runs/{run}"), format!("/v1/events/{event}/runs")] {
        let data = host.get(&path)["data"].clone();
        let status = data.get("status").unwrap_or(&data[0]["status"]);
        assert_eq!(status, "Running", "{path}: it has begun, and waits");
    }
    assert_eq!((&job["position"], &job["attempt"], job["at"].is_string()), (&json!(0), &json!(0), true), "{job}");
    assert_eq!(post(&host, "/v1/signals", r#"{"signal":"approved","data":1}"#)?.0, 200);
    host.wait_for("the run's end", |host| {
        (host.get(&format!("/v1/runs/{run}"))["data"]["status"] == "Completed").then_some(())
    });
    assert_eq!(jobs(&host), json!([]));
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
        (String::new(), 400, "no body"),
        (" \n".to_owned(), 400, "no body"),
        (
            format!(r#"{{"name":"h/deep","data":{{"x":{}{}}}}}"#, "[".repeat(200_000), "]".repeat(200_000)),
            400,
            "nested deeper",
        ),
        (r#"{"name":"h/number","data":{"n":1e999}}"#.to_owned(), 400, "number"),
        (json!({ "name": "h/user", "user": "x" }).to_string(), 400, "user"),
        (json!({ "name": "h/meta", "meta": { "sessions": { "a": true } } }).to_string(), 400, "meta"),
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

/// A cancellation ends the open step and its request; no step begins after it; a second one is a conflict (vector H13).
fn cancels() -> Result<(), Failed> {
    let (site, witness) = (Site::new(&["faults"]), Witness::new());
    site.configure(&format!("[plugins.faults]\nprivate_hosts = [\"{}\"]\n", witness.address()));
    let mut host = site.serve(&["--event-key", "test"], &[])?;
    host.wait_for("the plugin", |host| {
        host.request("GET", "/api/v1/functions", "").ok()?.1.contains("faults-chain").then_some(())
    });
    witness.hold();
    let event = host.send(&json!({ "name": "faults/chain", "data": { "url": witness.url() } })).expect("accepted");
    host.wait_for("its first step", |_| (witness.paths().len() == 1).then_some(()));
    let run = host.get(&format!("/v1/events/{event}/runs"))["data"][0]["run_id"].as_str().expect("an id").to_owned();
    let cancel = |host: &Host| host.request("DELETE", &format!("/v1/runs/{run}"), "").map(|(status, _)| status);
    assert_eq!(cancel(&host)?, 204);
    host.wait_for("the run's end, though its request is not answered", |host| {
        (host.get(&format!("/v1/runs/{run}"))["data"]["status"] == "Cancelled").then_some(())
    });
    witness.release();
    assert_eq!(host.get(&format!("/v1/runs/{run}"))["data"]["output"], json!({}), "as with Inngest");
    assert_eq!(witness.paths().len(), 1, "no further step began");
    assert_eq!(cancel(&host)?, 409, "it is over");
    let (status, _) = host.request("DELETE", "/v1/runs/01M834HKA4001TT6HH1NT6JXPJ", "")?;
    assert_eq!(status, 404, "there is no such run");
    Ok(())
}

/// A signal that nobody waits for is 404, a bad one 400, and one that is waited for is taken once.
fn signals() -> Result<(), Failed> {
    let (_site, mut host) = host()?;
    let send = |host: &Host| post(host, "/v1/signals", r#"{"signal":"approved","data":{"by":"Ada"}}"#);
    let (status, answer) = send(&host)?;
    assert_eq!((status, answer["error"].as_str()), (404, Some("no run waits for signal \"approved\"")));
    assert_eq!(post(&host, "/v1/signals", r#"{"data":1}"#)?.0, 400);
    let event = host.send(&json!({ "name": "faults/await-signal", "data": { "signal": "approved" } }));
    let event = event.expect("accepted");
    let taken = host.wait_for("somebody to wait", |host| send(host).ok().filter(|(status, _)| *status == 200));
    let run = host.wait_for("the run's end", |host| {
        let run = host.get(&format!("/v1/events/{event}/runs"))["data"][0].clone();
        (run["status"] == "Completed").then_some(run)
    });
    assert_eq!((&run["output"], &run["run_id"]), (&json!({ "by": "Ada" }), &taken.1["data"]["run_id"]));
    assert_eq!(send(&host)?.0, 404, "it was taken");
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
