//! Requests that the host makes for a run: what comes of them, and that nothing of them is lost, done twice or told.

use std::net::TcpListener;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use stepwell::limits;

use crate::process::{Host, Site};
use crate::walls::run;
use crate::witness::{OK, Witness};

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("fetch::any_response_is_a_result", responses),
        Trial::test("fetch::requests_are_sent_as_they_are_asked_for", requests),
        Trial::test("fetch::what_cannot_be_sent_fails_the_run", invalid),
        Trial::test("fetch::what_the_network_fails_is_tried_again", retried),
        Trial::test("fetch::a_final_error_can_be_caught", caught),
        Trial::test("fetch::fetches_and_steps_go_on_side_by_side", side_by_side),
        Trial::test("fetch::it_takes_no_place", places),
        Trial::test("fetch::more_than_may_go_on_at_once", many),
        Trial::test("fetch::a_crash_has_it_sent_again_and_recorded_once", crashed),
        Trial::test("fetch::what_comes_before_it_is_durable", durable),
        Trial::test("fetch::a_host_that_stops_waits_for_it", stopped),
        Trial::test("fetch::a_cancelled_run_ends_it", cancelled),
        Trial::test("fetch::it_is_tried_again_while_the_body_backs_off", body_backs_off),
        Trial::test("fetch::a_step_in_its_place_is_divergence", diverged),
        Trial::test("fetch::secrets_are_told_to_nobody_else", secret),
    ]
}

fn serve(site: &Site, witness: &Witness, more: &str) -> Result<Host, String> {
    site.configure(&format!("[plugins.faults]\nprivate_hosts = [\"{}\"]\n{more}\n", witness.address()));
    start(site, "1ms")
}

fn start(site: &Site, retry_interval: &str) -> Result<Host, String> {
    site.serve(&["--retry-interval", retry_interval, "--event-key", "test"], &[])
}

/// Sends an event; the id of its run.
fn begin(host: &mut Host, event: &str, data: &Value) -> String {
    let event = host.send(&json!({ "name": event, "data": data })).expect("accepted");
    host.wait_for("the run", |host| {
        Some(host.get(&format!("/v1/events/{event}/runs"))["data"][0]["run_id"].as_str()?.to_owned())
    })
}

fn show(host: &Host, run: &str) -> Value {
    host.get(&format!("/api/v1/runs/{run}"))
}

fn wait_for_end(host: &mut Host, run: &str) -> Value {
    host.wait_for("the run's end", |host| Some(show(host, run)).filter(|run| run["run"]["ended_at"].is_string()))
}

fn wait_for_requests(host: &mut Host, witness: &Witness, count: usize) {
    host.wait_for("requests", |_| (witness.heard().len() >= count).then_some(()));
}

/// The lines of the journal that say this.
fn lines(run: &Value, what: &str) -> Vec<Value> {
    let journal = run["journal"].as_array().expect("a journal");
    journal.iter().filter(|line| line["what"] == what).cloned().collect()
}

fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}\r\n").as_bytes(), body].concat()
}

fn responses() -> Result<(), Failed> {
    let witness = Witness::answering(|path, _| match path {
        "/text" => response(200, "Content-Type: text/plain\r\n", "é\n".as_bytes()),
        "/later" => response(503, "content-type: a/b\r\n", b"later"),
        "/binary" => response(200, "", &[0xff, 0, 1]),
        "/big" => response(200, "", &vec![b'x'; limits::STEP_OUTPUT_MAX_BYTES + 1]),
        "/moved" => response(301, "location: /text\r\n", b""),
        _ => OK.into(),
    });
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness, "")?;
    let (text, later) = (("text/plain", "é\n", 3), ("a/b", "later", 5));
    let told = |status: u16, url: Value, (kind, text, bytes): (&str, &str, u64)| {
        let kind = (!kind.is_empty()).then_some(kind);
        json!({ "status": status, "url": url, "type": kind, "text": text, "bytes": bytes })
    };
    let cases = [
        ("/text", told(200, Value::Null, text)),
        ("/later", told(503, Value::Null, later)),
        ("/binary", told(200, Value::Null, ("", "\u{fffd}\0\u{1}", 3))),
        ("/nothing", told(200, Value::Null, ("", "", 0))),
        ("/moved", told(200, format!("{}/text", witness.url()).into(), text)),
    ];
    for (path, wanted) in &cases {
        for event in ["faults/fetch", "faults/fetch-blocking"] {
            let ended = run(&mut host, event, &json!({ "url": format!("{}{path}", witness.url()) }));
            assert_eq!(ended["output"], *wanted, "{event} of {path}: {ended}");
            assert_eq!(lines(&ended, "fetches")[0]["awaited"], format!("GET {}", witness.address()));
            assert_eq!(lines(&ended, "step_completed").len(), 1, "{ended}");
        }
    }
    assert_eq!(witness.paths().len(), 2 * (cases.len() + 1), "none is sent twice");
    let big = run(&mut host, "faults/fetch", &json!({ "url": format!("{}/big", witness.url()) }));
    assert_eq!(big["output"]["code"], "response_too_large", "{big}");
    assert_eq!((lines(&big, "step_failed").len(), lines(&big, "step_retry").len()), (1, 0), "it is final: {big}");
    Ok(())
}

fn requests() -> Result<(), Failed> {
    let witness = Witness::new();
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness, "")?;
    let headers = json!({ "X-Told": "so", "content-type": "text/plain" });
    let data =
        json!({ "url": format!("{}/a?b=c#d", witness.url()), "method": "post", "body": "é", "headers": headers });
    let ended = run(&mut host, "faults/fetch", &data);
    let id = ended["run"]["run_id"].as_str().expect("an id");
    let request = witness.heard()[0].clone();
    let (head, body) = request.split_once("\r\n\r\n").expect("head and body");
    assert_eq!((head.lines().next(), body), (Some("POST /a?b=c HTTP/1.1"), "é"));
    let head = head.to_ascii_lowercase();
    let key = format!("idempotency-key: {}-get-0", id.to_ascii_lowercase());
    for header in
        [&format!("host: {}", witness.address()), "x-told: so", "content-length: 2", "user-agent: stepwell/", &key]
    {
        assert!(head.contains(&format!("\r\n{header}")), "{header} in {head}");
    }
    run(&mut host, "faults/fetch", &json!({ "url": witness.url() }));
    assert!(!witness.heard()[1].to_ascii_lowercase().contains("idempotency-key"), "a GET may be sent twice");
    Ok(())
}

fn invalid() -> Result<(), Failed> {
    let witness = Witness::new();
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness, "")?;
    let url = witness.url();
    for (data, problem) in [
        (json!({ "url": "nonsense" }), "the URL is not valid"),
        (json!({ "url": "file:///etc/passwd" }), "the URL's scheme is \"file\""),
        (json!({ "url": url, "method": "CONNECT" }), "\"CONNECT\" is no method"),
        (json!({ "url": url, "body": "x" }), "a GET has no body"),
        (json!({ "url": url, "headers": { "host": "other" } }), "set by the host itself"),
        (json!({ "url": url, "headers": { "x": "a\nb" } }), "a character that no header can have"),
    ] {
        let ended = run(&mut host, "faults/fetch", &data);
        let error = &ended["error"];
        let message = error["message"].as_str().unwrap_or_default();
        assert!(error["name"] == "InvalidOptions" && message.contains(problem), "{problem}: {ended}");
        assert!(lines(&ended, "body_retry").is_empty(), "the same code would ask for the same again: {ended}");
    }
    assert!(witness.heard().is_empty());
    Ok(())
}

fn retried() -> Result<(), Failed> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let site = Site::new(&["faults"]);
    site.configure(&format!("[plugins.faults]\nprivate_hosts = [\"{address}\"]\n"));
    let mut host = start(&site, "300ms")?;
    let id = begin(&mut host, "faults/fetch", &json!({ "url": format!("http://{address}/"), "method": "POST" }));
    let refused = host.wait_for("an attempt", |host| lines(&show(host, &id), "step_retry").first().cloned());
    assert_eq!((&refused["attempt"], &refused["error"]["code"]), (&json!(0), &json!("connection_refused")));
    assert_eq!(refused["error"]["message"], format!("the request to {address} failed: connection refused"));
    let said = site.ask(&host, &["runs", "show", &id], &[]);
    let told = format!("get fetches POST {address}");
    assert!(said.stdout.contains(&told) && said.stdout.contains("failed at attempt 1: FetchError"), "{said:?}");
    // Now somebody listens there: at first to hang up, and then to answer.
    let witness = Witness::at(address, |_, number| if number == 0 { Vec::new() } else { OK.into() });
    let ended = wait_for_end(&mut host, &id);
    assert_eq!(ended["output"]["status"], 200, "{ended}");
    let attempts: Vec<_> = lines(&ended, "step_retry").iter().map(|line| line["error"]["code"].clone()).collect();
    assert_eq!(attempts.last(), Some(&json!("incomplete")), "{ended}");
    assert_eq!(lines(&ended, "step_completed")[0]["attempt"], attempts.len(), "{ended}");
    let heard = witness.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0], heard[1], "every attempt is the same request, under the same key");
    Ok(())
}

fn caught() -> Result<(), Failed> {
    let witness = Witness::new();
    let port = witness.address().port();
    let site = Site::new(&["faults"]);
    site.configure(&format!("[plugins.faults]\nhosts = [\"*:{port}\"]\n"));
    let mut host = start(&site, "1ms")?;
    let with_port = |text: &str| text.replace("PORT", &port.to_string());
    for (url, remedy) in [
        ("http://example.com/secret", "hosts = [\"example.com:80\"]"),
        ("http://127.0.0.1:PORT/secret", "private_hosts = [\"127.0.0.1:PORT\"]"),
        ("http://localhost:PORT/secret", "private_hosts = [\"localhost:PORT\"]"),
        ("http://0x7f.1:PORT/secret", "private_hosts = [\"127.0.0.1:PORT\"]"),
    ] {
        let ended = run(&mut host, "faults/fetch", &json!({ "url": with_port(url) }));
        let (output, message) = (&ended["output"], ended["output"]["message"].as_str().unwrap_or_default());
        assert!(output["name"] == "FetchError" && output["code"] == "denied", "{url}: {ended}");
        assert!(
            ["was denied", &with_port(remedy), "stepwell.toml"].iter().all(|part| message.contains(part)),
            "{message}"
        );
        assert!(!message.contains("secret"), "{message}");
        assert_eq!((lines(&ended, "step_failed").len(), lines(&ended, "step_retry").len()), (1, 0), "{url}: {ended}");
    }
    assert!(witness.heard().is_empty(), "what is denied never left the host");
    drop(host);

    let mut host = serve(&site, &witness, "")?;
    witness.hold();
    let data = json!({ "url": witness.url(), "timeout_ms": 20, "retries": 2 });
    let late = run(&mut host, "faults/fetch", &data);
    assert_eq!((&late["output"]["code"], witness.heard().len()), (&json!("timeout"), 3), "{late}");
    assert_eq!(lines(&late, "step_retry").len(), 2, "its own retries: {late}");
    Ok(())
}

fn side_by_side() -> Result<(), Failed> {
    let witness = Witness::new();
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness, "")?;
    for event in ["faults/fetch-two", "faults/fetch-beside-step"] {
        witness.hold();
        let before = witness.heard().len();
        let id = begin(&mut host, event, &json!({ "url": witness.url() }));
        // Both are under way before either has its answer.
        wait_for_requests(&mut host, &witness, before + 2);
        witness.release();
        let ended = wait_for_end(&mut host, &id);
        assert_eq!((&ended["output"], witness.heard().len()), (&json!([200, 200]), before + 2), "{event}: {ended}");
    }
    Ok(())
}

/// A limit of one step at a time holds beside fetches; a run that comes back from a fetch stands in line.
fn places() -> Result<(), Failed> {
    let (fetched, asked) = (Witness::new(), Witness::new());
    let site = Site::new(&["faults"]);
    let hosts = format!("private_hosts = [\"{}\", \"{}\"]", fetched.address(), asked.address());
    site.configure(&format!("[plugins.faults]\n{hosts}\n"));
    let mut host = start(&site, "1ms")?;
    fetched.hold();
    asked.hold();
    let data = json!({ "url": fetched.url(), "then": asked.url() });
    let mut runs: Vec<_> = (0..2).map(|_| begin(&mut host, "faults/fetch-in-crowd", &data)).collect();
    wait_for_requests(&mut host, &fetched, 2);
    runs.push(begin(&mut host, "faults/fetch-in-crowd", &json!({ "then": asked.url() })));
    wait_for_requests(&mut host, &asked, 1);
    fetched.release();
    for run in &runs[..2] {
        host.wait_for("it to stand in line", |host| (show(host, run)["held_by"]["by"] == "concurrency").then_some(()));
    }
    assert_eq!(asked.heard().len(), 1, "the place is taken");
    asked.release();
    for run in &runs {
        let ended = wait_for_end(&mut host, run);
        assert_eq!(ended["run"]["status"], "Completed", "{ended}");
    }
    assert_eq!((fetched.heard().len(), asked.heard().len(), asked.most_at_once()), (2, 3, 1));
    Ok(())
}

fn many() -> Result<(), Failed> {
    let witness = Witness::new();
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness, "")?;
    witness.hold();
    let fetches = limits::FAN_OUT_MAX + 6;
    let id = begin(&mut host, "faults/fetch-many", &json!({ "url": witness.url(), "fetches": fetches }));
    wait_for_requests(&mut host, &witness, limits::FAN_OUT_MAX);
    witness.release();
    let ended = wait_for_end(&mut host, &id);
    assert_eq!((&ended["output"], witness.heard().len()), (&json!(fetches), fetches), "{ended}");
    // As many as a run may have operations: those under way are not counted twice.
    let most = limits::STEPS_PER_RUN_MAX;
    let ended = run(&mut host, "faults/fetch-many", &json!({ "url": witness.url(), "fetches": most }));
    assert_eq!(ended["output"], most, "{}", ended["error"]);
    Ok(())
}

fn crashed() -> Result<(), Failed> {
    let witness = Witness::new();
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness, "")?;
    witness.hold();
    let id = begin(&mut host, "faults/fetch", &json!({ "url": witness.url(), "method": "POST" }));
    wait_for_requests(&mut host, &witness, 1);
    host.kill();
    let mut host = start(&site, "1ms")?;
    wait_for_requests(&mut host, &witness, 2);
    witness.release();
    let ended = wait_for_end(&mut host, &id);
    assert_eq!(ended["output"]["status"], 200, "{ended}");
    let counts = ["interrupted", "fetches", "step_retry", "step_completed"].map(|what| lines(&ended, what).len());
    assert_eq!(counts, [1, 1, 0, 1], "a crash uses no attempt: {ended}");
    let heard = witness.heard();
    assert_eq!(heard[0], heard[1], "it is sent under the same key");
    host.kill();
    let mut host = start(&site, "1ms")?;
    assert_eq!(wait_for_end(&mut host, &id)["output"]["status"], 200);
    assert_eq!(witness.heard().len(), 2, "what is recorded is not sent again");
    Ok(())
}

/// Wherever the host dies, a request that has left tells of a step that is never run again.
fn durable() -> Result<(), Failed> {
    for point in ["append.before_commit", "append.after_commit", "flush.before_commit", "flush.after_commit"] {
        for nth in 1..=3 {
            let witness = Witness::new();
            let site = Site::new(&["faults"]);
            site.configure(&format!("[plugins.faults]\nprivate_hosts = [\"{}\"]\n", witness.address()));
            let fault = format!("{point}:{nth}");
            let mut host = site.serve(&["--event-key", "test"], &[("STEPWELL_FAULT", &fault)])?;
            let event = json!({ "name": "faults/fetch-behind-step", "data": { "url": witness.url() } });
            let Some(event) = host.send(&event) else { continue };
            // It dies on the way, or this one run does not reach the point so often.
            while host.is_running() {
                let Ok((_, runs)) = host.request("GET", &format!("/v1/events/{event}/runs"), "") else { continue };
                if runs.contains("\"Completed\"") {
                    break;
                }
            }
            host.kill();
            let mut host = start(&site, "1ms")?;
            host.wait_for("the run's end", |host| {
                let runs = host.get(&format!("/v1/events/{event}/runs"));
                (runs["data"][0]["status"] == "Completed").then_some(())
            });
            let mut paths = witness.paths();
            paths.dedup();
            assert_eq!(paths.len(), 1, "killed at {fault}");
        }
    }
    Ok(())
}

fn stopped() -> Result<(), Failed> {
    let witness = Witness::new();
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness, "")?;
    witness.hold();
    let id = begin(&mut host, "faults/fetch", &json!({ "url": witness.url() }));
    wait_for_requests(&mut host, &witness, 1);
    host.signal("TERM");
    witness.release();
    assert_eq!(host.wait().code(), Some(0), "{}", host.log());
    let mut host = start(&site, "1ms")?;
    let ended = wait_for_end(&mut host, &id);
    assert_eq!((&ended["output"]["status"], witness.heard().len()), (&json!(200), 1), "{ended}");
    Ok(())
}

/// As an open step does: what became of the request is still to be known.
fn cancelled() -> Result<(), Failed> {
    let witness = Witness::new();
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness, "")?;
    witness.hold();
    let id = begin(&mut host, "faults/fetch", &json!({ "url": witness.url() }));
    wait_for_requests(&mut host, &witness, 1);
    let (status, body) = host.request("DELETE", &format!("/v1/runs/{id}"), "")?;
    assert!((200..300).contains(&status), "{body}");
    // Though it was never answered.
    let ended = wait_for_end(&mut host, &id);
    assert_eq!(ended["run"]["status"], "Cancelled", "{ended}");
    assert_eq!(lines(&ended, "step_completed").len(), 0, "{ended}");
    witness.release();
    Ok(())
}

/// Neither the request nor the body that asked for it is in memory: it is asked for again.
fn body_backs_off() -> Result<(), Failed> {
    let witness = Witness::answering(|_, number| if number < 2 { Vec::new() } else { OK.into() });
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness, "")?;
    witness.hold();
    let id = begin(&mut host, "faults/fetch-while-failing", &json!({ "url": witness.url() }));
    host.wait_for("the body's failure", |host| lines(&show(host, &id), "body_retry").first().cloned());
    witness.release();
    let run = host.wait_for("the fetch", |host| {
        let run = show(host, &id);
        lines(&run, "step_completed").iter().any(|line| line["step"]["id"] == "get").then_some(run)
    });
    assert_eq!((lines(&run, "step_retry").len(), witness.heard().len()), (2, 3), "{run}");
    Ok(())
}

fn diverged() -> Result<(), Failed> {
    let witness = Witness::new();
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness, "")?;
    let ended = run(&mut host, "faults/fetch-or-step", &json!({ "url": witness.url() }));
    let message = ended["error"]["message"].as_str().unwrap_or_default();
    assert_eq!(ended["error"]["kind"], "divergence", "{ended}");
    assert!(message.contains("was recorded as a fetch, and the code now asks for it as a step"), "{message}");
    Ok(())
}

/// A token in URL, headers and body reaches whom it is for: it is in no record, no log, no error, and not on disk.
fn secret() -> Result<(), Failed> {
    const TOKEN: &str = "n0-one-0ught-t0-see-th1s";
    let witness = Witness::new();
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let site = Site::new(&["faults"]);
    let settings = format!("private_hosts = [\"{}\", \"{closed}\"]", witness.address());
    site.configure(&format!("[plugins.faults]\n{settings}\nvariables = {{ TOKEN = \"{TOKEN}\" }}\n"));
    let mut host = site.serve(&["--retry-interval", "1ms", "--event-key", "test"], &[("STEPWELL_LOG", "debug")])?;
    for (url, wanted) in [
        (witness.url(), json!(null)),
        (format!("http://{closed}"), json!("connection_refused")),
        ("http://example.com".to_owned(), json!("denied")),
        ("http://user@example.com".to_owned(), json!(null)),
    ] {
        let ended = run(&mut host, "faults/fetch-secretly", &json!({ "url": url }));
        assert_eq!(ended["output"]["code"], wanted, "{url}: {ended}");
        let id = ended["run"]["run_id"].as_str().expect("an id");
        let said = site.ask(&host, &["runs", "show", id], &[]);
        assert!(!ended.to_string().contains(TOKEN) && !said.stdout.contains(TOKEN), "{url}: {ended}\n{said:?}");
    }
    assert_eq!(witness.heard()[0].matches(TOKEN).count(), 3, "{:?}", witness.heard());
    assert_eq!(host.terminate().code(), Some(0));
    assert!(!host.log().contains(TOKEN), "{}", host.log());
    let files = files(&site.path().join(".stepwell"));
    assert!(files.iter().any(|(path, _)| path.ends_with("stepwell.db")), "{files:?}");
    for (path, bytes) in files {
        assert!(!bytes.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()), "it is in {path}");
    }
    Ok(())
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("readable").path());
    let read = |path: std::path::PathBuf| match path.is_dir() {
        true => files(&path),
        false => vec![(path.display().to_string(), std::fs::read(&path).expect("readable"))],
    };
    entries.flat_map(read).collect()
}
