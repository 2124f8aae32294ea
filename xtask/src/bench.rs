//! `cargo xtask bench`: how fast the host is, beside what this machine can do at all, measured in one run.

mod client;
mod compare;
mod crowd;
mod fairness;
mod first_step;
mod floor;
mod host;
mod languages;
mod many;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{build, guests};
use first_step::Outside;
use host::{Durability, Host, Plugin, Setup};
use report::{Alone, Beside, FirstStep, Load, Report};

/// The parts to measure.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// The parts to measure.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Part::Loads, Part::Floor, Part::Crowds, Part::Many, Part::Languages, Part::Fairness])]
    parts: Vec<Part>,
    /// Languages whose guest the loads are measured with.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Tongue::Rust])]
    guest: Vec<Tongue>,
    /// Runs for each load (of ten trivial sequential steps each).
    #[arg(long, default_value_t = 1_000)]
    runs: usize,
    /// Times each load is repeated; the median counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// The durability of the loads' databases.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Durability::Strict, Durability::Relaxed])]
    durability: Vec<Durability>,
    /// Runs at once, one load for each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
    at_once: Vec<usize>,
    /// Runs of a crowd.
    #[arg(long, default_value_t = 100_000)]
    crowd: usize,
    /// Times that a crowded host and an empty one are measured in turn; the median counts.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// The host's executable, built before: to measure an older one. The default is built here.
    #[arg(long)]
    host: Option<PathBuf>,
    /// Where the database and the floor's files lie; the default is a folder in `target`, on the disk of the checkout.
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Runs, one and several at once, on a host that has nothing else to do.
    Loads,
    /// The limits of the machine, and single parts of the host.
    Floor,
    /// The same beside runs that sleep, wait or are held.
    Crowds,
    /// The same beside many functions.
    Many,
    /// The cost of a plugin in each language.
    Languages,
    /// A run beside many of another plugin that compute without end, or take much memory.
    Fairness,
}

/// A language that guests are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tongue {
    Rust,
    Typescript,
    Python,
}

pub fn run(options: &Options) -> Result<()> {
    let binary = options.host.clone().map_or_else(|| build::host(build::Profile::Release), Ok)?;
    guests::build()?;
    let folder = options.folder.clone().unwrap_or_else(|| crate::root().join("target/bench"));
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    let has = |part| options.parts.contains(&part);
    let mut crowds = Vec::new();
    let alone = has(Part::Loads).then(|| alone(options, &binary, &folder)).transpose()?;
    if has(Part::Crowds) {
        let size = crowd::Size { runs: options.crowd, rounds: options.rounds };
        for kind in [crowd::Kind::Sleeping, crowd::Kind::Waiting, crowd::Kind::Held] {
            crowds.push(crowd::measure(&binary, &folder, kind, size)?);
        }
    }
    let many = has(Part::Many).then(|| many::measure(&binary, &folder, options.rounds)).transpose()?;
    let languages =
        if has(Part::Languages) { languages::measure(&std::path::absolute(&binary)?, &folder)? } else { Vec::new() };
    let fairness = if has(Part::Fairness) { fairness::measure(&binary, &folder)? } else { Vec::new() };
    let beside = has(Part::Floor).then(|| beside(&binary, &folder)).transpose()?;
    let report = Report { alone, beside, crowds, many, languages, fairness };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

/// A host with nothing else to do.
fn alone(options: &Options, binary: &Path, folder: &Path) -> Result<Alone> {
    let mut loads = Vec::new();
    let mut idle_mb = 0.0;
    for &guest in &options.guest {
        let plugins = [languages::guest(guest, &std::path::absolute(binary)?, folder)?];
        for &durability in &options.durability {
            for &concurrency in &options.at_once {
                let mut rounds = Vec::new();
                for _ in 0..options.repeat {
                    let host = Host::start(Setup { binary, folder, durability, plugins: &plugins, config: "" })?;
                    idle_mb = host.memory_mb()?;
                    rounds.push(measure(&host, folder, options.runs, concurrency)?);
                    host.stop()?;
                }
                loads.push(report::median_load(guest, durability, concurrency, rounds));
            }
        }
    }
    Ok(Alone { loads, idle_mb })
}

/// The limits of the machine, and single parts of the host.
fn beside(binary: &Path, folder: &Path) -> Result<Beside> {
    let instance = host::instance(&guests::path("bench"), &guests::path("hello"))?;
    let first_step = first_step(binary, folder)?;
    Ok(Beside { floor: floor::sqlite(folder)?, first_step, instance })
}

/// How soon an event's first step acts, on a host with nothing else to do.
fn first_step(binary: &Path, folder: &Path) -> Result<FirstStep> {
    const EVENTS: usize = 300;
    let outside = Outside::open()?;
    let config = outside.grant("faults")?;
    let plugins = [Plugin::guest("faults")];
    let setup = Setup { binary, folder, durability: Durability::Strict, plugins: &plugins, config: &config };
    let host = Host::start(setup)?;
    outside.measure(host.address(), EVENTS / 10)?;
    let sync_ms = floor::sync_ms(folder)?;
    let (median_ms, p99_ms) = outside.measure(host.address(), EVENTS)?;
    host.stop()?;
    Ok(FirstStep { median_ms, p99_ms, sync_ms })
}

/// Plays a load, with the disk's floor measured right before it.
fn measure(host: &Host, folder: &Path, runs: usize, concurrency: usize) -> Result<Load> {
    let events = vec![client::TEN_STEPS.to_owned(); runs];
    client::load(host.address(), events.clone(), concurrency)?;
    let sync_ms = floor::sync_ms(folder)?;
    let (before, cpu_before) = (host.counters()?, host.cpu_s()?);
    let timings = client::load(host.address(), events, concurrency)?;
    let (after, cpu_after) = (host.counters()?, host.cpu_s()?);
    let load = Load::new(concurrency, &timings, &before, &after, sync_ms, host.peak_memory_mb()?);
    Ok(Load { cpu_us_per_step: (cpu_after - cpu_before) * 1e6 / runs as f64 / report::STEPS, ..load })
}
