//! The durability invariant, from outside: hosts are killed at every verb of the store and at random, started again on
//! the same data, and the history that comes of it is checked.

use std::collections::BTreeMap;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use stepwell::limits;
use stepwell::store::FAULT_POINTS;

use crate::cancellations;
use crate::process::{Host, Site};
use crate::replays;
use crate::witness::Witness;

/// Events sent in each test; every third run fails for good.
const EVENTS: usize = 12;

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<_> =
        FAULT_POINTS.iter().map(|point| Trial::test(format!("crash::at::{point}"), move || killed_at(point))).collect();
    trials.push(Trial::test("crash::at_random_times", || killed_at_random("strict")));
    // What the system has been given survives the process, whether or not it is on disk yet.
    trials.push(Trial::test("crash::at_random_times_with_relaxed_durability", || killed_at_random("relaxed")));
    trials.push(Trial::test("crash::poison_run_ends_in_its_handler", poisoned));
    trials.push(Trial::test("crash::a_run_interrupted_often_holds_up_nobody", interrupted_often));
    trials
}

struct Scene {
    site: Site,
    witness: Witness,
    acknowledged: Vec<String>,
}

impl Scene {
    fn new() -> Self {
        Self::durable("strict")
    }

    fn durable(durability: &str) -> Self {
        let scene = Self { site: Site::new(&["faults"]), witness: Witness::new(), acknowledged: Vec::new() };
        let granted = scene.witness.address();
        let settings = format!("durability = \"{durability}\"\n[plugins.faults]\nprivate_hosts = [\"{granted}\"]\n");
        scene.site.configure(&settings);
        scene
    }

    fn start(&self, fault: Option<&str>) -> Result<Host, String> {
        let variables: Vec<_> = fault.map(|fault| ("STEPWELL_FAULT", fault)).into_iter().collect();
        self.site.serve(&["--retry-interval", "1ms", "--event-key", "test"], &variables)
    }

    fn send(&mut self, host: &mut Host, events: usize) {
        host.wait_for("the plugin", |host| {
            let (_, body) = host.request("GET", "/api/v1/functions", "").ok()?;
            body.contains("faults-chain").then_some(())
        });
        for number in 0..events {
            let data = json!({ "url": self.witness.url(), "fail": number % 3 == 0 });
            self.acknowledged.extend(host.send(&json!({ "name": "faults/chain", "data": data })));
        }
    }

    /// Sends, if the host lives long enough to be sent to.
    fn try_send(&mut self, host: &mut Host, events: usize) {
        let sent = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.send(host, events)));
        assert!(sent.is_ok() || !host.is_running(), "the host lives, but does not answer:\n{}", host.log());
    }

    /// Waits for every run to end, and checks the invariants.
    fn check(&self, mut host: Host) -> Result<(), Failed> {
        let runs = host.wait_for("every run's end", |host| {
            let runs = host.get("/api/v1/runs?limit=1000")["runs"].as_array()?.clone();
            let is_ended = |run: &Value| matches!(run["status"].as_str(), Some("Completed" | "Failed"));
            let accepted = self.acknowledged.iter().all(|event| {
                let started = &host.get(&format!("/v1/events/{event}/runs"))["data"];
                started.as_array().is_some_and(|runs| runs.len() == 1)
            });
            assert!(accepted, "an acknowledged event has not started its run");
            runs.iter().all(is_ended).then_some(runs)
        });
        check_outcomes(&runs)?;
        check_order(&self.witness.paths())?;
        check_calls(&self.witness.paths())?;
        assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
        Ok(())
    }
}

/// Runs end as their event says (a crash uses no attempt: they have no retries), and each failed run has exactly one
/// run of its handler, which completed.
fn check_outcomes(runs: &[Value]) -> Result<(), Failed> {
    let mut handlers: BTreeMap<&str, usize> = BTreeMap::new();
    for run in runs.iter().filter(|run| run["failed_run_id"].is_string()) {
        if run["status"] != "Completed" {
            return Err(format!("a handler has not completed: {run}").into());
        }
        *handlers.entry(run["failed_run_id"].as_str().unwrap_or_default()).or_default() += 1;
    }
    for run in runs.iter().filter(|run| run["status"] == "Failed") {
        let error = run["error"]["name"].as_str().unwrap_or_default();
        if error != "ChainError" && error != "Interrupted" {
            return Err(format!("a run failed that was not told to: {run}").into());
        }
        if handlers.get(run["run_id"].as_str().unwrap_or_default()) != Some(&1) {
            return Err(format!("a failed run has no handler run of its own: {run}").into());
        }
    }
    Ok(())
}

/// A step whose record is durable never runs again: once a step has been heard of, no earlier step of its run may be
/// heard of, for its record had to be durable before anything later left the sandbox.
fn check_order(paths: &[String]) -> Result<(), Failed> {
    let mut furthest: BTreeMap<&str, &str> = BTreeMap::new();
    for path in paths {
        let parts: Vec<_> = path.split('/').collect();
        let ["", "step", run, place] = parts.as_slice() else { continue };
        let stage = &place[..1];
        let reached = furthest.entry(run).or_insert(stage);
        if stage < *reached {
            return Err(
                format!("step {place} of run {run} ran again after stage {reached}:\n{}", paths.join("\n")).into()
            );
        }
        *reached = stage;
    }
    Ok(())
}

/// The host dies while every run waits for an answer, and the next ones die while they put things in order.
fn killed_recovering(point: &str) -> Result<(), Failed> {
    let mut scene = Scene::new();
    scene.witness.hold();
    let mut host = scene.start(None)?;
    scene.send(&mut host, EVENTS);
    host.wait_for("every run's first step", |_| (scene.witness.paths().len() == EVENTS).then_some(()));
    host.kill();
    scene.witness.release();
    for _ in 0..2 {
        if scene.start(Some(&format!("{point}:1"))).is_ok() {
            return Err("the host was to die while it recovered".into());
        }
    }
    let mut host = scene.start(None)?;
    for event in &scene.acknowledged {
        let run = host.wait_for("the run", |host| {
            let run = host.get(&format!("/v1/events/{event}/runs"))["data"][0]["run_id"].as_str()?.to_owned();
            Some(host.get(&format!("/api/v1/runs/{run}")))
        });
        let journal = run["journal"].as_array().into_iter().flatten();
        let interruptions = journal.filter(|record| record["what"] == "interrupted").count();
        assert_eq!(interruptions, 1, "one host was lost while it executed: {run}");
    }
    scene.check(host)
}

/// The host dies while a run is cancelled: the run is cancelled if that was durable, and goes on if not.
fn killed_cancelling(point: &str) -> Result<(), Failed> {
    let mut scene = Scene::new();
    scene.witness.hold();
    let mut host = scene.start(Some(&format!("{point}:1")))?;
    scene.send(&mut host, 1);
    host.wait_for("its first step", |_| (!scene.witness.paths().is_empty()).then_some(()));
    let run = |host: &Host| Some(host.get("/api/v1/runs?limit=1")["runs"].as_array()?.first()?.clone());
    let id = run(&host).and_then(|run| Some(run["run_id"].as_str()?.to_owned())).expect("the run is there");
    if host.request("DELETE", &format!("/v1/runs/{id}"), "").is_ok() {
        return Err("the host was to die".into());
    }
    host.kill();
    scene.witness.release();
    let mut host = scene.start(None)?;
    let ended = host.wait_for("the run's end", |host| {
        Some(host.get(&format!("/v1/runs/{id}"))["data"].clone()).filter(|run| run["ended_at"].is_string())
    });
    let expected = if point.ends_with("after_commit") { "Cancelled" } else { "Failed" };
    assert_eq!(ended["status"], expected, "{ended}");
    Ok(())
}

/// Events that a run sends, and runs that it invokes, are there once: no second run ever does the same.
fn check_calls(paths: &[String]) -> Result<(), Failed> {
    let mut called: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for path in paths {
        let parts: Vec<_> = path.split('/').collect();
        let ["", how @ ("sent" | "invoked"), by, run] = parts.as_slice() else { continue };
        if called.insert((how, by), run).is_some_and(|other| other != *run) {
            return Err(format!("run {by} has {how} twice:\n{}", paths.join("\n")).into());
        }
    }
    Ok(())
}

fn killed_at(point: &str) -> Result<(), Failed> {
    if point.starts_with("recovery.") {
        return killed_recovering(point);
    }
    if point.starts_with("cancel.") {
        return killed_cancelling(point);
    }
    if point.starts_with("cancel_some.") {
        return cancellations::killed_in_the_middle(point);
    }
    if point.starts_with("note_retries.") {
        return replays::killed_in_the_middle(point);
    }
    for nth in [1, 2, 5] {
        let mut scene = Scene::new();
        // Killed before it listened, nothing was acknowledged yet.
        if let Ok(mut host) = scene.start(Some(&format!("{point}:{nth}"))) {
            scene.try_send(&mut host, EVENTS);
            // Either the point is reached while the runs are driven, or this load does not reach it so often.
            for _ in 0..200 {
                if !host.is_running() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
        let mut host = scene.start(None)?;
        scene.send(&mut host, 1);
        scene.check(host)?;
    }
    Ok(())
}

fn killed_at_random(durability: &str) -> Result<(), Failed> {
    let mut scene = Scene::durable(durability);
    // A fixed sequence, so that a failure can be had again; where it strikes differs with the machine anyway.
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..8 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut host = scene.start(None)?;
        scene.send(&mut host, 4);
        std::thread::sleep(std::time::Duration::from_millis(random % 60));
        host.kill();
    }
    let host = scene.start(None)?;
    scene.check(host)
}

/// A run that kills its host each time it executes is a failure in the end, and its handler runs.
fn poisoned() -> Result<(), Failed> {
    let mut scene = Scene::new();
    let mut host = scene.start(None)?;
    scene.send(&mut host, 0);
    drop(host);
    let event = json!({ "name": "faults/chain", "data": { "url": scene.witness.url() } });
    // Each host dies as soon as the function itself executes; one that cannot be sent to any more has died of it.
    for _ in 0..limits::INTERRUPTIONS_MAX + 2 {
        let Ok(mut host) = scene.start(Some("execute.begin:1")) else { continue };
        if scene.acknowledged.is_empty() {
            scene.acknowledged.extend(host.send(&event));
        }
        for _ in 0..500 {
            if !host.is_running() || ended(&host).is_some() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
    let mut host = scene.start(None)?;
    let runs = host.wait_for("both runs' end", ended);
    let errors: Vec<_> = runs.iter().filter_map(|run| run["error"]["name"].as_str()).collect();
    if errors != ["Interrupted"] {
        return Err(format!("the poisoned run was to fail, and its handler to complete: {runs:?}").into());
    }
    check_outcomes(&runs)
}

/// A run that was interrupted often is given its host for itself, but not for as long as its steps take.
fn interrupted_often() -> Result<(), Failed> {
    let mut scene = Scene::new();
    scene.witness.hold();
    for host_number in 1..=limits::INTERRUPTIONS_ALONE {
        let mut host = scene.start(None)?;
        if scene.acknowledged.is_empty() {
            scene.send(&mut host, 1);
        }
        host.wait_for("its step", |_| (scene.witness.paths().len() >= host_number as usize).then_some(()));
        host.kill();
    }
    let mut host = scene.start(None)?;
    scene.send(&mut host, 1);
    let awaited = limits::INTERRUPTIONS_ALONE as usize + 2;
    host.wait_for("both runs' steps", |_| (scene.witness.paths().len() >= awaited).then_some(()));
    scene.witness.release();
    scene.check(host)
}

/// The poisoned run and its handler's, once both have ended.
fn ended(host: &Host) -> Option<Vec<Value>> {
    let (_, body) = host.request("GET", "/api/v1/runs?limit=10", "").ok()?;
    let runs = serde_json::from_str::<Value>(&body).ok()?["runs"].as_array()?.clone();
    (runs.len() == 2 && runs.iter().all(|run| run["ended_at"].is_string())).then_some(runs)
}
