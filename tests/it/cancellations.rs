//! Ending many runs at once, over HTTP and from the command line, and through the host's death in the middle of it.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::process::{Host, Said, Site};

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("cancellations::end_the_runs_that_are_meant", ends),
        Trial::test("cancellations::are_refused_and_told_why", refuses),
        Trial::test("cancellations::are_confirmed_on_the_command_line", confirms),
    ]
}

/// More than one transaction ends, and not too many for one page.
const MANY: usize = 700;

fn serve(site: &Site, fault: Option<&str>) -> Result<Host, String> {
    let variables: Vec<_> = fault.map(|fault| ("STEPWELL_FAULT", fault)).into_iter().collect();
    let mut host = site.serve(&["--event-key", "test"], &variables)?;
    host.wait_for("the plugin", |host| {
        host.request("GET", "/api/v1/functions", "").ok()?.1.contains("faults-await-signal").then_some(())
    });
    Ok(host)
}

fn list(host: &Host, query: &str) -> Vec<Value> {
    let runs = host.get(&format!("/api/v1/runs?limit=1000&{query}"))["runs"].clone();
    runs.as_array().expect("runs").clone()
}

/// So many runs that wait for a signal each, of tenants 0 and 1 in turn.
fn sleepers(host: &mut Host, count: usize) {
    let before = list(host, "status=queued").len();
    let event = |n| json!({ "name": "faults/await-signal", "data": { "signal": format!("s{n}"), "tenant": n % 2 } });
    let events: Vec<_> = (before..before + count).map(event).collect();
    let (status, body) = host.request("POST", "/e/test", &json!(events).to_string()).expect("the host answers");
    assert_eq!(status, 200, "{body}");
    host.wait_for("all to wait", |host| {
        // Their timeouts are a year away.
        let waiting = list(host, "status=queued").into_iter().filter(|run| run["due_at"].as_str() > Some("2027"));
        (waiting.count() == before + count).then_some(())
    });
}

fn cancel(host: &Host, wanted: &Value) -> Result<(u16, Value), Failed> {
    let (status, body) = host.request("POST", "/v1/cancellations", &wanted.to_string())?;
    Ok((status, serde_json::from_str(&body)?))
}

fn cancelled(host: &mut Host, count: usize) -> Vec<Value> {
    host.wait_for("their ends", |host| Some(list(host, "status=cancelled")).filter(|runs| runs.len() == count))
}

/// The host dies when the second transaction has told some of the runs, or is about to; the next one tells the rest.
pub fn killed_in_the_middle(point: &str) -> Result<(), Failed> {
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, Some(&format!("{point}:1")))?;
    sleepers(&mut host, MANY);
    let now = host.get("/v1/cancellations")["metadata"]["fetched_at"].clone();
    // The first transaction is answered, if the answer is faster than the second.
    let _ = cancel(&host, &json!({ "app_id": "faults", "function_id": "await-signal", "started_before": now }));
    host.wait();
    let mut host = serve(&site, None)?;
    let of_all = cancelled(&mut host, MANY);
    let cancellation = host.wait_for("its end", |host| {
        Some(host.get("/v1/cancellations")["data"][0].clone())
            .filter(|cancellation| cancellation["is_finished"] == true)
    });
    assert_eq!(cancellation["runs"], MANY, "{cancellation}");
    let run = host.get(&format!("/api/v1/runs/{}", of_all[0]["run_id"].as_str().expect("an id")));
    let reason = format!("by cancellation {}", cancellation["id"].as_str().expect("an id"));
    assert_eq!(run["cancelled"], reason);
    assert_eq!(list(&host, "").len(), MANY, "no handler has run");
    Ok(())
}

/// By function, time and expression; what is not meant goes on.
fn ends() -> Result<(), Failed> {
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, None)?;
    sleepers(&mut host, 300);
    let between = host.wait_for("the clock", |host| {
        let runs = list(host, "");
        let last = runs[0]["queued_at"].as_str().expect("a time").to_owned();
        let now = host.get("/v1/cancellations")["metadata"]["fetched_at"].as_str()?.to_owned();
        (now > last).then_some(now)
    });
    sleepers(&mut host, 20);
    let wanted = json!({
        "app_id": "faults",
        "function_id": "await-signal",
        "started_before": between,
        "if": "event.data.tenant == 1",
    });
    let (status, body) = host.request("POST", "/v1/cancellations?dry_run=true", &wanted.to_string())?;
    let estimate: Value = serde_json::from_str(&body)?;
    assert_eq!((status, &estimate["data"]), (200, &json!({ "runs": 150, "is_all": true })));
    assert_eq!(host.get("/v1/cancellations")["data"], json!([]), "nothing was wanted yet");
    let (status, answer) = cancel(&host, &wanted)?;
    let begun = &answer["data"];
    assert_eq!(
        (status, &begun["function_id"], &begun["kind"]),
        (200, &json!("faults-await-signal"), &json!("bulk_run"))
    );
    assert_eq!((&begun["runs"], &begun["is_finished"]), (&json!(150), &json!(true)), "{begun}");
    cancelled(&mut host, 150);
    assert_eq!(list(&host, "status=queued").len(), 170);

    let (_, answer) = cancel(&host, &json!({ "function_id": "faults-await-signal", "started_after": between }))?;
    assert_eq!(answer["data"]["runs"], 20, "{answer}");
    cancelled(&mut host, 170);
    let cancellations = host.get("/v1/cancellations")["data"].clone();
    assert_eq!(cancellations.as_array().map(Vec::len), Some(2));
    assert_eq!(cancellations[1], *begun, "newest first");
    let path = format!("/v1/cancellations/{}", begun["id"].as_str().expect("an id"));
    assert_eq!(host.request("DELETE", &path, "")?.0, 200);
    assert_eq!(host.request("DELETE", &path, "")?.0, 404);
    assert_eq!(host.get("/v1/cancellations")["data"], json!([cancellations[0]]));
    Ok(())
}

fn refuses() -> Result<(), Failed> {
    let site = Site::new(&["faults"]);
    let host = serve(&site, None)?;
    let function = |more: Value| {
        let mut wanted = json!({ "app_id": "faults", "function_id": "await-signal" });
        wanted.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        wanted
    };
    let cases = [
        (json!({ "app_id": "faults" }), 400, "function_id"),
        (json!({ "app_id": "faults", "function_id": "nobody" }), 404, "no function \"faults-nobody\""),
        (function(json!({ "started_before": "2099-01-01T00:00:00Z" })), 400, "in the past"),
        (function(json!({ "started_after": "2099-01-01T00:00:00Z" })), 400, "before started_before"),
        (function(json!({ "started_before": "yesterday" })), 400, "started_before: \"yesterday\" is no time"),
        (function(json!({ "start_before": "2026-01-01T00:00:00Z" })), 400, "start_before"),
        (function(json!({ "if": "event.data.x ==" })), 400, "not valid CEL"),
        (function(json!({ "status": "running" })), 400, "only \"queued\""),
    ];
    for (wanted, expected, part) in cases {
        let (status, answer) = cancel(&host, &wanted)?;
        let message = answer["error"].as_str().unwrap_or_default();
        assert!(
            matches!(status, 400 | 404) && message.contains(part),
            "{wanted}: {status} {answer}, {expected} {part}"
        );
    }
    assert_eq!(host.request("DELETE", "/v1/cancellations/x", "")?.0, 400);
    assert_eq!(host.get("/v1/cancellations")["data"], json!([]));
    Ok(())
}

/// Off a terminal it takes `--yes`; without it, what would end is said.
fn confirms() -> Result<(), Failed> {
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, None)?;
    sleepers(&mut host, 4);
    let ask = |host: &Host, arguments: &[&str]| -> Said {
        let all = [&["runs", "cancel", "--function", "faults-await-signal"], arguments].concat();
        site.ask(host, &all, &[])
    };
    let said = ask(&host, &["--if", "event.data.tenant == 0"]);
    assert_eq!((said.code, said.stdout.as_str()), (2, ""));
    assert!(said.stderr.contains("2 runs of faults-await-signal would end: say --yes"), "{said:?}");
    assert_eq!(list(&host, "status=queued").len(), 4);
    let said = ask(&host, &["--if", "event.data.tenant == 0", "--status", "queued", "--yes"]);
    assert!(said.code == 0 && said.stdout.ends_with(": told 2 runs to end\n"), "{said:?}");
    cancelled(&mut host, 2);
    let before = ask(&host, &["--started-before", "2026-01-01T00:00:00Z", "--yes", "--json"]).json();
    assert_eq!((&before["runs"], &before["started_before"]), (&json!(0), &json!("2026-01-01T00:00:00.000Z")));
    assert_eq!(ask(&host, &["--yes", "--json"]).json()["runs"], 2);
    cancelled(&mut host, 4);
    let both = site.ask(&host, &["runs", "cancel", "01M834HKA4001TT6HH1NT6JXPJ", "--function", "f"], &[]);
    assert!(both.code == 2 && both.stderr.contains("cannot be used with"), "{both:?}");
    let neither = site.ask(&host, &["runs", "cancel", "--yes"], &[]);
    assert!(neither.code == 2 && neither.stderr.contains("Usage: stepwell runs cancel"), "{neither:?}");
    let unknown = site.ask(&host, &["runs", "cancel", "--function", "nobody", "--yes"], &[]);
    assert!(unknown.code == 4 && unknown.stderr.contains("no function \"nobody\""), "{unknown:?}");
    Ok(())
}
