//! Plugins that come, change and go while the host runs.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::process::{Host, Site};

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("hot_swap::a_new_version_is_live_without_a_restart", replaces),
        Trial::test("hot_swap::an_invalid_file_leaves_the_last_good_version", refuses),
        Trial::test("hot_swap::a_run_in_flight_stays_on_its_version", pins),
    ]
}

fn functions(host: &Host) -> String {
    host.request("GET", "/api/v1/functions", "").map(|(_, body)| body).unwrap_or_default()
}

fn start(site: &Site) -> Result<Host, Failed> {
    Ok(site.serve(&["--retry-interval", "2s", "--event-key", "test"], &[])?)
}

fn wait_for_function(host: &mut Host, id: &str) {
    host.wait_for(id, |host| functions(host).contains(id).then_some(()));
}

fn replaces() -> Result<(), Failed> {
    let site = Site::new(&[]);
    site.put("plugin", "hello");
    let mut host = start(&site)?;
    wait_for_function(&mut host, "plugin-hello");
    site.put("plugin", "trial");
    wait_for_function(&mut host, "plugin-trial");
    assert!(!functions(&host).contains("plugin-hello"));
    std::fs::remove_file(site.plugins().join("plugin.wasm"))?;
    host.wait_for("the plugin's retirement", |host| (!functions(host).contains("plugin-trial")).then_some(()));
    Ok(())
}

fn refuses() -> Result<(), Failed> {
    let site = Site::new(&["hello"]);
    let mut host = start(&site)?;
    wait_for_function(&mut host, "hello-hello");
    std::fs::write(site.plugins().join("hello.wasm"), b"\0asm\x01\0\0\0")?;
    host.wait_for("the reason", |host| host.log().contains("core WebAssembly module").then_some(()));
    assert!(functions(&host).contains("hello-hello"), "the last good version stays live");
    let event = host.send(&json!({ "name": "demo/hello", "data": { "name": "Ada" } })).expect("accepted");
    let output = host.wait_for("the run's end", |host| {
        let run = host.get(&format!("/v1/events/{event}/runs"))["data"][0].clone();
        (run["status"] == "Completed").then(|| run["output"].clone())
    });
    assert_eq!(output, "Hello, Ada!");
    Ok(())
}

/// The run waits for a retry while its plugin is replaced and the host restarted; its handler is its own version's.
fn pins() -> Result<(), Failed> {
    let site = Site::new(&[]);
    site.put("plugin", "trial");
    let mut host = start(&site)?;
    wait_for_function(&mut host, "plugin-trial");
    let event = host.send(&json!({ "name": "trial/started", "data": { "fail": "body" } })).expect("accepted");
    site.put("plugin", "hello");
    wait_for_function(&mut host, "plugin-hello");
    assert!(host.terminate().success());
    let mut host = start(&site)?;
    let handler = host.wait_for("the handler's end", |host| {
        let run = host.get(&format!("/v1/events/{event}/runs"))["data"][0].clone();
        let runs = host.get("/api/v1/runs?limit=10")["runs"].as_array()?.clone();
        let handles = |other: &Value| other["failed_run_id"] == run["run_id"] && other["status"] == "Completed";
        runs.into_iter().find(handles)
    });
    assert_eq!(handler["function_id"], "plugin-trial-failure");
    Ok(())
}
