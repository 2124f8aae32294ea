//! Flow control as the world outside sees it: never more at once than the limit, and everybody in the end.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::process::{Host, Site};
use crate::witness::Witness;

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("flow::d10_g17_no_more_execute_than_may", concurrency),
        Trial::test("flow::functions_are_paused_and_resumed", pause),
    ]
}

fn serve(site: &Site, witness: &Witness) -> Result<Host, Failed> {
    let port = witness.address().port();
    site.configure(&format!("[plugins.faults]\nprivate_hosts = [\"127.0.0.1:{port}\"]\n"));
    Ok(site.serve(&["--event-key", "test"], &[])?)
}

/// The id of the one run that an event starts.
fn start(host: &Host, event: &str, data: &Value) -> String {
    let event = host.send(&json!({ "name": event, "data": data })).expect("accepted");
    let run = &host.get(&format!("/v1/events/{event}/runs"))["data"][0]["run_id"];
    run.as_str().expect("it started a run").to_owned()
}

fn detail(host: &Host, run: &str) -> Value {
    host.get(&format!("/api/v1/runs/{run}"))
}

fn wait_for_end(host: &mut Host, run: &str) -> Value {
    host.wait_for("the run's end", |host| {
        let status = detail(host, run)["run"]["status"].clone();
        (status != "Queued" && status != "Running").then_some(status)
    })
}

/// Two of all functions that count together, one of each name; steps side by side count one by one.
fn concurrency() -> Result<(), Failed> {
    let witness = Witness::new();
    witness.hold();
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness)?;
    let crowd = |host: &Host, name: &str| {
        let url = format!("{}/{name}", witness.url());
        start(host, "faults/crowd", &json!({ "url": url, "name": name }))
    };
    let mut runs = vec![crowd(&host, "ada")];
    let second = crowd(&host, "ada");
    let held = host.wait_for("the second to be held", |host| detail(host, &second)["held_by"].as_object().cloned());
    assert_eq!((&held["by"], &held["limit"]), (&json!("concurrency"), &json!(1)));
    assert_eq!(held["of"], json!(r#"event.data.name = "ada""#));
    let said = site.ask(&host, &["runs", "show", &second], &[]);
    let words = r#"for a place: concurrency is 1 where event.data.name = "ada""#;
    assert!(said.stdout.contains(words), "{said:?}");
    runs.extend([second, crowd(&host, "bob")]);
    let fan = start(&host, "faults/crowd-fan", &json!({ "url": format!("{}/fan", witness.url()) }));
    host.wait_for("ada and bob to ask", |_| (witness.paths().len() == 2).then_some(()));
    host.wait_for("the fan to be held", |host| detail(host, &fan)["held_by"].as_object().cloned());
    runs.extend([fan, crowd(&host, "eve"), crowd(&host, "bob")]);
    witness.release();
    for run in &runs {
        assert_eq!(wait_for_end(&mut host, run), "Completed", "{}", detail(&host, run));
    }
    let mut paths = witness.paths();
    paths.sort();
    assert_eq!(paths, ["/ada", "/ada", "/bob", "/bob", "/eve", "/fan/0", "/fan/1", "/fan/2", "/fan/3"]);
    assert_eq!(witness.most_at_once(), 2);
    Ok(())
}

fn pause() -> Result<(), Failed> {
    let witness = Witness::new();
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &witness)?;
    let data = json!({ "url": witness.url(), "name": "ada" });
    let said = site.ask(&host, &["functions", "pause", "faults-crowd"], &[]);
    assert_eq!((said.code, said.stdout.trim()), (0, "faults-crowd starts no more runs"));
    assert!(site.ask(&host, &["functions", "list"], &[]).stdout.contains("(paused) faults/crowd"));
    let skipped = start(&host, "faults/crowd", &data);
    assert_eq!(wait_for_end(&mut host, &skipped), "Skipped");
    assert_eq!(detail(&host, &skipped)["skipped"], "the function is paused");
    assert!(site.ask(&host, &["runs", "show", &skipped], &[]).stdout.contains("skipped: the function is paused"));
    let listed = site.ask(&host, &["runs", "list", "--status", "skipped"], &[]).stdout;
    assert!(listed.contains(&skipped), "{listed}");
    assert_eq!(site.ask(&host, &["functions", "resume", "faults-crowd"], &[]).code, 0);
    let resumed = start(&host, "faults/crowd", &data);
    assert_eq!(wait_for_end(&mut host, &resumed), "Completed");
    let shown = site.ask(&host, &["functions", "show", "faults-crowd"], &[]).stdout;
    assert!(shown.contains("starts on") && shown.contains("faults/crowd"), "{shown}");
    assert!(shown.contains(r#"{"key":"event.data.name","limit":1,"scope":"fn"}"#), "{shown}");
    assert_eq!(site.ask(&host, &["functions", "show", "faults-gone"], &[]).code, 4);
    for function in ["faults-gone", "faults-panic-failure"] {
        let said = site.ask(&host, &["functions", "pause", function], &[]);
        assert!(said.code == 4 && said.stderr.contains("no live function"), "{said:?}");
    }
    assert_eq!(witness.paths(), ["/"]);
    Ok(())
}
