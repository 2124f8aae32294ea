//! Failed runs are tried again, one by one and all at once, as the command line does it.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::process::{Host, Said, Site};
use crate::witness::Witness;

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("replays::failed_runs_are_retried_once", retry),
        Trial::test("replays::a_bulk_retry_survives_a_kill", killed_at_any_time),
    ]
}

fn wait_for(host: &mut Host, run: &str, status: &str) {
    host.wait_for(status, |host| (host.get(&format!("/api/v1/runs/{run}"))["run"]["status"] == status).then_some(()));
}

/// The run that retries that one.
fn retried_by(host: &Host, run: &str) -> String {
    let replays = host.get(&format!("/api/v1/runs/{run}"))["replays"].clone();
    assert_eq!(replays.as_array().map(Vec::len), Some(1), "{run} is retried once: {replays}");
    replays[0].as_str().expect("an id").to_owned()
}

fn counts(said: &Said) -> &str {
    assert_eq!(said.code, 0, "{said:?}");
    said.stderr.trim()
}

/// Requests of the runs are not granted at first, and then they are.
fn retry() -> Result<(), Failed> {
    let witness = Witness::new();
    let site = Site::new(&["faults"]);
    let arguments = ["--event-key", "test", "--retry-interval", "1ms"];
    let mut host = site.serve(&arguments, &[])?;
    let mut runs = Vec::new();
    for name in ["ada", "bob", "eve"] {
        let data = json!({ "url": format!("{}/{name}", witness.url()), "name": name });
        let event = host.send(&json!({ "name": "faults/crowd", "data": data })).expect("accepted");
        let run =
            host.get(&format!("/v1/events/{event}/runs"))["data"][0]["run_id"].as_str().expect("a run").to_owned();
        wait_for(&mut host, &run, "Failed");
        runs.push(run);
    }
    host.terminate();
    let port = witness.address().port();
    site.configure(&format!("[plugins.faults]\nprivate_hosts = [\"127.0.0.1:{port}\"]\n"));
    let mut host = site.serve(&arguments, &[])?;

    let said = site.ask(&host, &["failures", "retry", "--dry-run"], &[]);
    assert!(runs.iter().all(|run| said.stdout.contains(run)) && witness.paths().is_empty(), "{said:?}");
    let ada = "event.data.event.data.name == 'ada' && event.data.error.name == 'HttpError'";
    let said = site.ask(&host, &["failures", "retry", "--if", ada], &[]);
    assert_eq!(counts(&said), "1 retried, 0 had been before, 0 could not be.");
    let first = retried_by(&host, &runs[0]);
    wait_for(&mut host, &first, "Completed");
    assert_eq!(witness.paths(), ["/ada"]);
    let said = site.ask(&host, &["failures", "retry", "--function", "faults-crowd"], &[]);
    assert_eq!(counts(&said), "2 retried, 1 had been before, 0 could not be.");
    for run in &runs[1..] {
        let by = retried_by(&host, run);
        wait_for(&mut host, &by, "Completed");
    }
    assert_eq!(counts(&site.ask(&host, &["failures", "retry"], &[])), "0 retried, 3 had been before, 0 could not be.");
    let said = site.ask(&host, &["failures", "retry", "--started-before", "2020-01-01T00:00:00Z", "--json"], &[]);
    let told = said.json();
    assert_eq!((&told["retried"], &told["already"], &told["is_finished"]), (&json!(0), &json!(0), &json!(true)));
    let path = format!("/api/v1/failures/retries/{}", told["id"].as_str().expect("an id"));
    assert_eq!(host.get("/api/v1/failures/retries").as_array().map(Vec::len), Some(4), "they are remembered");
    assert_eq!(host.request("DELETE", &path, "")?.0, 204);
    assert_eq!(host.request("GET", &path, "")?.0, 404);

    let said = site.ask(&host, &["runs", "retry", &first], &[]);
    assert!(said.code == 1 && said.stderr.contains("nothing to be tried again"), "{said:?}");
    let said = site.ask(&host, &["runs", "replay", &first, "--json"], &[]);
    let over = said.json()["run_id"].as_str().expect("a run").to_owned();
    wait_for(&mut host, &over, "Completed");
    let shown = site.ask(&host, &["runs", "show", &over], &[]).stdout;
    assert!(shown.contains(&format!("does run {first} over")), "{shown}");
    let origin = site.ask(&host, &["runs", "show", &runs[0]], &[]).stdout;
    assert!(origin.contains(&format!("replayed as run {first}")), "{origin}");
    let mut paths = witness.paths();
    paths.sort();
    assert_eq!(paths, ["/ada", "/ada", "/bob", "/eve"]);

    let bad: [(&[&str], i32, &str); 5] = [
        (&["runs", "replay", &runs[0], "--from", "pay"], 4, "it has \"ask\""),
        (&["runs", "replay", &runs[0], "--from", "ask", "--input", "{"], 2, "--input has to be JSON"),
        (&["runs", "retry", "01ARZ3NDEKTSV4RRFFQ69G5FAV"], 4, "there is no run"),
        (&["failures", "retry", "--if", "event."], 2, "is not valid CEL"),
        (&["failures", "retry", "--started-after", "yesterday"], 2, "is no time"),
    ];
    for (arguments, code, words) in bad {
        let said = site.ask(&host, arguments, &[]);
        assert!(said.code == code && said.stderr.contains(words), "{arguments:?}: {said:?}");
    }
    let (status, body) = host.request("POST", &format!("/api/v1/runs/{}/replay", runs[0]), r#"{"input":1}"#)?;
    assert!(status == 400 && body.contains("say `from`"), "{body}");
    let body: Value = serde_json::from_str(&host.request("POST", "/api/v1/failures/retry", "[")?.1)?;
    assert_eq!(body["code"], "bad_body");
    Ok(())
}

/// More than a bulk retry looks at before it writes down how far it has come.
const MANY: usize = 230;

/// So many failed runs; the host that has them lets them complete from now on.
fn failed_runs(site: &Site, witness: &Witness, fault: &str) -> Result<(Host, Vec<String>), Failed> {
    let arguments = ["--event-key", "test", "--retry-interval", "1ms"];
    let mut host = site.serve(&arguments, &[])?;
    host.wait_for("the plugin", |host| {
        host.request("GET", "/api/v1/functions", "").ok()?.1.contains("faults-crowd").then_some(())
    });
    let event = |n| json!({ "name": "faults/crowd", "data": { "url": format!("{}/{n}", witness.url()), "name": n } });
    let events: Vec<_> = (0..MANY).map(|n| event(n.to_string())).collect();
    host.request("POST", "/e/test", &json!(events).to_string())?;
    let failed = |host: &Host| host.get("/api/v1/runs?limit=1000&status=failed")["runs"].as_array().cloned();
    let failed = host.wait_for("their failures", |host| failed(host).filter(|failed| failed.len() == MANY));
    host.terminate();
    let port = witness.address().port();
    site.configure(&format!("[plugins.faults]\nprivate_hosts = [\"127.0.0.1:{port}\"]\n"));
    let host = site.serve(&arguments, &[("STEPWELL_FAULT", fault)])?;
    Ok((host, failed.iter().map(|run| run["run_id"].as_str().expect("an id").to_owned()).collect()))
}

/// The next host goes on with it: each failed run has one replay, and the counts are right.
fn goes_on(site: &Site, failed: &[String]) -> Result<(), Failed> {
    let mut host = site.serve(&["--event-key", "test", "--retry-interval", "1ms"], &[])?;
    let retry = host.wait_for("the bulk retry's end", |host| {
        Some(host.get("/api/v1/failures/retries")[0].clone()).filter(|retry| retry["is_finished"] == true)
    });
    assert_eq!((&retry["retried"], &retry["already"]), (&json!(MANY), &json!(0)), "{retry}");
    for run in failed {
        let by = retried_by(&host, run);
        wait_for(&mut host, &by, "Completed");
    }
    Ok(())
}

/// The host dies when some runs are retried and how far it has come is about to be written down, or just has been.
pub fn killed_in_the_middle(point: &str) -> Result<(), Failed> {
    let (site, witness) = (Site::new(&["faults"]), Witness::new());
    let (mut host, failed) = failed_runs(&site, &witness, &format!("{point}:2"))?;
    assert_eq!(host.request("POST", "/api/v1/failures/retry", "")?.0, 202);
    host.wait();
    goes_on(&site, &failed)
}

/// The host is killed once some of the retried runs have asked for something.
fn killed_at_any_time() -> Result<(), Failed> {
    let (site, witness) = (Site::new(&["faults"]), Witness::new());
    let (mut host, failed) = failed_runs(&site, &witness, "none:1")?;
    assert_eq!(host.request("POST", "/api/v1/failures/retry", "")?.0, 202);
    host.wait_for("some to be retried", |_| (witness.paths().len() > 20).then_some(()));
    host.kill();
    goes_on(&site, &failed)
}
