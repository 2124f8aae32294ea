//! Failed runs are tried again, one by one and all at once, as the command line does it.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::process::{Host, Said, Site};
use crate::witness::Witness;

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("replays::failed_runs_are_tried_again_once", retry)]
}

fn wait_for(host: &mut Host, run: &str, status: &str) {
    host.wait_for(status, |host| (host.get(&format!("/api/v1/runs/{run}"))["run"]["status"] == status).then_some(()));
}

fn retried_by(said: &Said) -> Vec<String> {
    assert_eq!(said.code, 0, "{said:?}");
    let by = said.stdout.lines().filter_map(|line| line.split_once(" is tried again by ").map(|(_, by)| by.to_owned()));
    by.collect()
}

/// What the runs ask for is not granted, and then it is.
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
    let first = retried_by(&site.ask(&host, &["failures", "retry", "--if", ada], &[]));
    assert_eq!(first.len(), 1);
    wait_for(&mut host, &first[0], "Completed");
    assert_eq!(witness.paths(), ["/ada"]);
    let said = site.ask(&host, &["failures", "retry", "--function", "faults-crowd"], &[]);
    let others = retried_by(&said);
    assert_eq!((others.len(), said.stderr.trim()), (2, "2 tried again, 1 had been before."));
    others.iter().for_each(|run| wait_for(&mut host, run, "Completed"));
    let said = site.ask(&host, &["failures", "retry"], &[]);
    assert_eq!((said.stdout.as_str(), said.stderr.trim()), ("", "0 tried again, 3 had been before."));
    let said = site.ask(&host, &["failures", "retry", "--started-before", "2020-01-01T00:00:00Z", "--json"], &[]);
    assert_eq!(said.json(), json!({ "retried": [], "already": 0, "refused": [] }));

    let said = site.ask(&host, &["runs", "retry", &first[0]], &[]);
    assert!(said.code == 1 && said.stderr.contains("nothing to be tried again"), "{said:?}");
    let said = site.ask(&host, &["runs", "replay", &first[0], "--json"], &[]);
    let over = said.json()["run_id"].as_str().expect("a run").to_owned();
    wait_for(&mut host, &over, "Completed");
    let shown = site.ask(&host, &["runs", "show", &over], &[]).stdout;
    assert!(shown.contains(&format!("does run {} over", first[0])), "{shown}");
    let origin = site.ask(&host, &["runs", "show", &runs[0]], &[]).stdout;
    assert!(origin.contains(&format!("done over by run {}", first[0])), "{origin}");
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
