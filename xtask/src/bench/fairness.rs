//! The time of a plugin's run beside many runs of another plugin that compute without end, or take much memory.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use serde::Serialize;

use super::client;
use super::host::{Durability, Host, Plugin, Setup};
use super::report::quantiles;

/// The occupation of the other plugin's runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Neighbours {
    Nothing,
    /// Each computes for ever.
    Spin,
    /// Each takes memory, writes to all of it and ends; then the next one does.
    Touch,
}

/// Times of a run of one step, in milliseconds.
#[derive(Debug, Serialize)]
pub struct Fairness {
    pub neighbours: Neighbours,
    pub count: usize,
    pub median_ms: f64,
    pub p99_ms: f64,
    pub peak_mb: f64,
}

/// Runs that are measured.
const RUNS: usize = 200;
const SPINNING: usize = 16;
const TOUCHING: usize = 40;
const ONE_STEP: &str = r#"{"name":"bench/many-steps","data":{"steps":1}}"#;
const SPIN: &str = r#"{"name":"crowd/spin","data":{}}"#;
const TOUCH: &str = r#"{"name":"crowd/touch","data":{"mib":200}}"#;

pub fn measure(binary: &Path, folder: &Path) -> Result<Vec<Fairness>> {
    let all = [(Neighbours::Nothing, 0), (Neighbours::Spin, SPINNING), (Neighbours::Touch, TOUCHING)];
    all.into_iter().map(|(neighbours, count)| beside(binary, folder, neighbours, count)).collect()
}

fn beside(binary: &Path, folder: &Path, neighbours: Neighbours, count: usize) -> Result<Fairness> {
    let plugins = [Plugin::guest("bench"), Plugin::guest("crowd")];
    let host = Host::start(Setup { binary, folder, durability: Durability::Strict, plugins: &plugins, config: "" })?;
    let times = match neighbours {
        Neighbours::Nothing => one_at_a_time(&host)?,
        Neighbours::Spin => {
            client::send(host.address(), (0..count).map(|_| SPIN.to_owned()))?;
            one_at_a_time(&host)?
        }
        Neighbours::Touch => beside_load(&host, count)?,
    };
    let (median_ms, p99_ms) = quantiles(times);
    // Runs that compute for ever end with their host, which is killed.
    Ok(Fairness { neighbours, count, median_ms, p99_ms, peak_mb: host.peak_memory_mb()? })
}

/// Keeps so many runs of the neighbour in flight meanwhile.
fn beside_load(host: &Host, count: usize) -> Result<Vec<f64>> {
    let (address, is_over) = (host.address(), Arc::new(AtomicBool::new(false)));
    let theirs = is_over.clone();
    let load = thread::spawn(move || client::load_until(address, TOUCH, count, &theirs));
    // Until the first of them are at work.
    thread::sleep(Duration::from_secs(1));
    let times = one_at_a_time(host);
    is_over.store(true, Ordering::Relaxed);
    load.join().map_err(|_| anyhow!("the neighbours' client panicked"))??;
    times
}

fn one_at_a_time(host: &Host) -> Result<Vec<f64>> {
    let timings = client::load(host.address(), vec![ONE_STEP.to_owned(); RUNS], 1)?;
    Ok(timings.runs.iter().map(|run| run.ended.as_secs_f64() * 1_000.0).collect())
}
