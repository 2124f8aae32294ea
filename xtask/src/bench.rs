//! `cargo xtask bench`: how fast the host is, beside what this machine can do at all, measured in one run.

mod client;
mod first_step;
mod floor;
mod host;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{build, guests};
use first_step::Outside;
use host::{Durability, Host, Setup};
use report::{FirstStep, Load, Report};

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Runs for each load (of ten trivial sequential steps each).
    #[arg(long, default_value_t = 1_000)]
    runs: usize,
    /// Times each load is repeated; the median counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Runs at once, one load for each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
    at_once: Vec<usize>,
    /// Where the database and the floor's files lie; the default is a folder in `target`, on the disk of the checkout.
    #[arg(long)]
    folder: Option<PathBuf>,
}

pub fn run(options: &Options) -> Result<()> {
    let binary = build::host(build::Profile::Release)?;
    guests::build()?;
    let folder = options.folder.clone().unwrap_or_else(|| crate::root().join("target/bench"));
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    let instance = host::instance_start()?;
    let mut loads = Vec::new();
    let mut idle_mb = 0.0;
    for durability in [Durability::Strict, Durability::Relaxed] {
        for &concurrency in &options.at_once {
            let mut rounds = Vec::new();
            for _ in 0..options.repeat {
                let setup = Setup { binary: &binary, folder: &folder, durability, guest: "bench", config: "" };
                let host = Host::start(setup)?;
                idle_mb = host.memory_mb()?;
                rounds.push(measure(&host, &folder, options.runs, concurrency)?);
                host.stop()?;
            }
            loads.push(report::median_load(durability, concurrency, rounds));
        }
    }
    let first_step = first_step(&binary, &folder)?;
    let floor = floor::sqlite(&folder)?;
    let report = Report { loads, floor, first_step, instance, idle_mb };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?)
    } else {
        print!("{report}")
    }
    Ok(())
}

/// How soon an event's first step acts, on a host with nothing else to do.
fn first_step(binary: &Path, folder: &Path) -> Result<FirstStep> {
    const EVENTS: usize = 300;
    let outside = Outside::open()?;
    let config = outside.grant("faults")?;
    let setup = Setup { binary, folder, durability: Durability::Strict, guest: "faults", config: &config };
    let host = Host::start(setup)?;
    outside.measure(host.address(), EVENTS / 10)?;
    let sync_ms = floor::sync_ms(folder)?;
    let (median_ms, p99_ms) = outside.measure(host.address(), EVENTS)?;
    host.stop()?;
    Ok(FirstStep { median_ms, p99_ms, sync_ms })
}

/// One load, with the disk's floor measured right before it.
fn measure(host: &Host, folder: &Path, runs: usize, concurrency: usize) -> Result<Load> {
    client::load(host.address(), runs, concurrency)?;
    let sync_ms = floor::sync_ms(folder)?;
    let before = host.counters()?;
    let timings = client::load(host.address(), runs, concurrency)?;
    let after = host.counters()?;
    Ok(Load::new(concurrency, &timings, &before, &after, sync_ms, host.peak_memory_mb()?))
}
