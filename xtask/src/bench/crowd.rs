//! The cost of a crowd to others: runs that sleep, wait for events, or are held up, beside a host without any.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::client;
use super::compare::{Comparison, Figures, Pair};
use super::host::{Durability, Host, Plugin, Setup};
use super::report::quantiles;

/// The occupation of a crowd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// They sleep for thirty days.
    Sleeping,
    /// Each waits for an event of one name with a value of its own.
    Waiting,
    /// A single run executes, and its function's limit is one at a time.
    Held,
}

/// The kind of crowd.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub runs: usize,
    /// How often everything is measured.
    pub rounds: usize,
}

/// The cost of a crowd.
#[derive(Debug, Serialize)]
pub struct Crowd {
    pub kind: Kind,
    pub runs: usize,
    /// How long it took to get there.
    pub gathered_s: f64,
    pub comparisons: Vec<Comparison>,
    /// Resident memory: of the empty host, of the crowded one, and of that when it was started again.
    pub empty_mb: f64,
    pub crowded_mb: f64,
    pub restarted_mb: f64,
    /// From starting a process on what is there to its first acknowledgement.
    pub empty_start_ms: f64,
    pub crowded_start_ms: f64,
}

/// Events of one request while a crowd gathers.
const BATCH: usize = 2_000;
/// Events of one measurement.
const EVENTS: usize = 200;
/// Restarts of which the median counts.
const RESTARTS: usize = 3;

pub fn measure(binary: &Path, folder: &Path, kind: Kind, size: Size) -> Result<Crowd> {
    let plugins = [Plugin::guest("bench"), Plugin::guest("crowd")];
    let folders = [folder.join("empty"), folder.join("crowded")];
    let [empty, crowded] = folders.each_ref().map(|folder| Setup {
        binary,
        folder,
        durability: Durability::Strict,
        plugins: &plugins,
        config: "",
    });
    let pair = Pair { empty: Host::start(empty)?, crowded: Host::start(crowded)? };
    let started = Instant::now();
    gather(&pair.crowded, kind, size.runs)?;
    let gathered_s = started.elapsed().as_secs_f64();
    let comparisons = pair.compare(size.rounds, |host, _| figures(host))?;
    let (empty_mb, crowded_mb) = (pair.empty.memory_mb()?, pair.crowded.memory_mb()?);
    let (empty_start_ms, _) = restart(pair.empty, empty)?;
    let (crowded_start_ms, restarted_mb) = restart(pair.crowded, crowded)?;
    let runs = size.runs;
    Ok(Crowd {
        kind,
        runs,
        gathered_s,
        comparisons,
        empty_mb,
        crowded_mb,
        restarted_mb,
        empty_start_ms,
        crowded_start_ms,
    })
}

/// Has so many runs get there.
fn gather(host: &Host, kind: Kind, runs: usize) -> Result<()> {
    let event = |n: usize| match kind {
        Kind::Sleeping => r#"{"name":"crowd/sleep","data":{}}"#.to_owned(),
        Kind::Waiting => waiting(&format!("crowd-{n}")),
        Kind::Held => r#"{"name":"crowd/hold","data":{}}"#.to_owned(),
    };
    let events: Vec<String> = (0..runs).map(event).collect();
    client::send(host.address(), events.chunks(BATCH).map(|events| format!("[{}]", events.join(","))))?;
    match kind {
        Kind::Sleeping | Kind::Waiting => until(|| Ok(host.parked()? >= runs)),
        Kind::Held => until(|| is_last_held(host)),
    }
}

/// Whether the newest run is held: they are leased in turn.
fn is_last_held(host: &Host) -> Result<bool> {
    let listing: serde_json::Value = serde_json::from_str(&host.get("/api/v1/runs?function=crowd-hold&limit=1")?)?;
    let run = listing["runs"][0]["run_id"].as_str().with_context(|| format!("no run in {listing}"))?;
    let run: serde_json::Value = serde_json::from_str(&host.get(&format!("/api/v1/runs/{run}"))?)?;
    Ok(!run["held_by"].is_null())
}

/// All that is compared, one after the other.
fn figures(host: &Host) -> Result<Figures> {
    let accepted =
        |event: fn(usize) -> String| anyhow::Ok(median_ms(client::send(host.address(), (0..EVENTS).map(event))?));
    let mut figures = vec![
        ("an event that nobody waits for", accepted(|n| awaited(&format!("{n}")).replace("awaited", "other"))?),
        ("an event that matches no wait", accepted(|n| awaited(&format!("crowd-{}x", n * 101)))?),
        ("an event that one waits for", accepted_by_one(host)?),
    ];
    for (at_once, [accepted, ended]) in [
        (1, ["a run, one at once: accepted", "a run, one at once: ended"]),
        (16, ["a run, 16 at once: accepted", "a run, 16 at once: ended"]),
    ] {
        let events = vec![client::TEN_STEPS.to_owned(); EVENTS * if at_once == 1 { 1 } else { 5 }];
        let timings = client::load(host.address(), events, at_once)?.runs;
        figures.push((accepted, median_ms(timings.iter().map(|run| run.accepted).collect())));
        figures.push((ended, median_ms(timings.iter().map(|run| run.ended).collect())));
    }
    Ok(figures)
}

/// Has some more runs wait, each for an event of its own, and sends these.
fn accepted_by_one(host: &Host) -> Result<f64> {
    let others = host.parked()?;
    let events: Vec<String> = (0..EVENTS).map(|n| waiting(&format!("one-{n}"))).collect();
    client::send(host.address(), [format!("[{}]", events.join(","))])?;
    until(|| Ok(host.parked()? == others + EVENTS))?;
    let times = client::send(host.address(), (0..EVENTS).map(|n| awaited(&format!("one-{n}"))))?;
    until(|| Ok(host.parked()? == others && host.woken()? == 0))?;
    Ok(median_ms(times))
}

fn waiting(id: &str) -> String {
    format!(r#"{{"name":"crowd/wait","data":{{"id":"{id}","amount":10}}}}"#)
}

fn awaited(id: &str) -> String {
    format!(r#"{{"name":"crowd/awaited","data":{{"id":"{id}","amount":12}}}}"#)
}

/// From start to the first acknowledgement, in milliseconds, and the resident memory then.
fn restart(mut host: Host, setup: Setup<'_>) -> Result<(f64, f64)> {
    let mut times = Vec::new();
    let mut memory_mb = 0.0;
    for _ in 0..RESTARTS {
        host.halt()?;
        let started = Instant::now();
        host = Host::resume(setup)?;
        client::send(host.address(), [r#"{"name":"crowd/other","data":{}}"#.to_owned()])?;
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
        memory_mb = host.memory_mb()?;
    }
    host.stop()?;
    Ok((quantiles(times).0, memory_mb))
}

pub fn median_ms(times: Vec<Duration>) -> f64 {
    quantiles(times.into_iter().map(|time| time.as_secs_f64() * 1_000.0).collect()).0
}

fn until(is_so: impl Fn() -> Result<bool>) -> Result<()> {
    for _ in 0..6_000 {
        if is_so()? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("the crowd does not gather")
}
