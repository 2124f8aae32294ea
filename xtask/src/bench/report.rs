//! The figures, for people and as JSON.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::Tongue;
use super::client::{Timing, Timings};
use super::compare::Comparison;
use super::crowd::{Crowd, Kind};
use super::fairness::{Fairness, Neighbours};
use super::floor::Floor;
use super::host::{Counters, Durability, Instance};
use super::languages::Language;
use super::many::Many;

/// Steps in a run of the load.
pub const STEPS: f64 = 10.0;

#[derive(Debug, Serialize)]
pub struct Report {
    pub alone: Option<Alone>,
    pub beside: Option<Beside>,
    pub crowds: Vec<Crowd>,
    pub many: Option<Many>,
    pub languages: Vec<Language>,
    pub fairness: Vec<Fairness>,
}

/// A host with nothing else to do.
#[derive(Debug, Serialize)]
pub struct Alone {
    pub loads: Vec<Load>,
    /// Resident memory of the host before any load.
    pub idle_mb: f64,
}

/// Figures beside the loads: the machine's limits, and single parts of the host.
#[derive(Debug, Serialize)]
pub struct Beside {
    pub floor: Floor,
    pub first_step: FirstStep,
    pub instance: Instance,
}

/// From sending an event to the arrival of the request that its first step sends, strict, one event at a time.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FirstStep {
    pub median_ms: f64,
    pub p99_ms: f64,
    /// A 4 KiB append and fdatasync, measured right before.
    pub sync_ms: f64,
}

/// A load. Times in milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Load {
    pub guest: Tongue,
    pub durability: Durability,
    pub concurrency: usize,
    pub runs_per_s: f64,
    pub steps_per_s: f64,
    /// From sending the event to its acknowledgement.
    pub accepted_median_ms: f64,
    /// From sending the event to the caller's knowing its run's end.
    pub run_median_ms: f64,
    pub run_p99_ms: f64,
    pub syncs_per_run: f64,
    pub written_bytes_per_step: f64,
    pub peak_mb: f64,
    /// The host's processor time, also inside the kernel.
    pub cpu_us_per_step: f64,
    /// A 4 KiB append and fdatasync, measured right before.
    pub sync_ms: f64,
}

impl Load {
    pub fn new(
        concurrency: usize,
        timings: &Timings,
        before: &Counters,
        after: &Counters,
        sync_ms: f64,
        peak_mb: f64,
    ) -> Self {
        let runs = timings.runs.len() as f64;
        let rate = runs / timings.wall.as_secs_f64();
        let ms = |of: fn(&Timing) -> Duration| timings.runs.iter().map(|run| of(run).as_secs_f64() * 1_000.0).collect();
        let (accepted_median_ms, _) = quantiles(ms(|run| run.accepted));
        let (run_median_ms, run_p99_ms) = quantiles(ms(|run| run.ended));
        Self {
            guest: Tongue::Rust,
            durability: Durability::Strict,
            concurrency,
            runs_per_s: rate,
            steps_per_s: rate * STEPS,
            accepted_median_ms,
            run_median_ms,
            run_p99_ms,
            syncs_per_run: (after.syncs - before.syncs) as f64 / runs,
            written_bytes_per_step: (after.written_bytes - before.written_bytes) as f64 / runs / STEPS,
            peak_mb,
            cpu_us_per_step: 0.0,
            sync_ms,
        }
    }
}

/// The round with the median rate.
pub fn median_load(guest: Tongue, durability: Durability, concurrency: usize, mut rounds: Vec<Load>) -> Load {
    rounds.sort_by(|a, b| a.runs_per_s.total_cmp(&b.runs_per_s));
    Load { guest, durability, concurrency, ..rounds.swap_remove(rounds.len() / 2) }
}

/// Median and p99.
pub fn quantiles(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |q: f64| values[((values.len() - 1) as f64 * q).round() as usize];
    (at(0.5), at(0.99))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(alone) = &self.alone {
            writeln!(f, "{alone}")?;
        }
        if let Some(beside) = &self.beside {
            writeln!(f, "{beside}")?;
        }
        for crowd in &self.crowds {
            writeln!(f, "{crowd}")?;
        }
        if let Some(many) = &self.many {
            write!(f, "{many}")?;
        }
        languages(f, &self.languages)?;
        fairness(f, &self.fairness)
    }
}

fn fairness(f: &mut fmt::Formatter<'_>, all: &[Fairness]) -> fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{:<58} {:>10} {:>9} {:>8}", "A run of one step beside", "median, ms", "p99, ms", "peak, MB")?;
    all.iter().try_for_each(|Fairness { neighbours, count, median_ms, p99_ms, peak_mb }| {
        let what = match neighbours {
            Neighbours::Nothing => "nothing else".to_owned(),
            Neighbours::Spin => format!("{count} runs of another plugin that compute for ever"),
            Neighbours::Touch => format!("{count} runs of another plugin that each touch 200 MB"),
        };
        writeln!(f, "{what:<58} {median_ms:>10.2} {p99_ms:>9.2} {peak_mb:>8.0}")
    })
}

/// A row for each figure, a column for each language.
fn languages(f: &mut fmt::Formatter<'_>, languages: &[Language]) -> fmt::Result {
    let row = |f: &mut fmt::Formatter<'_>, what: &str, of: fn(&Language) -> f64| {
        write!(f, "{what:<48}")?;
        languages.iter().try_for_each(|language| write!(f, " {:>10.2}", of(language)))?;
        writeln!(f)
    };
    if languages.is_empty() {
        return Ok(());
    }
    write!(f, "{:<48}", "A plugin")?;
    languages.iter().try_for_each(|language| write!(f, " {:>10}", language.name))?;
    writeln!(f)?;
    row(f, "built from source, s", |language| language.build_s)?;
    row(f, "component, MB", |language| language.instance.component_mb)?;
    row(f, "compiled, the first of its language, s", |language| language.instance.compile_s)?;
    row(f, "compiled, another one, s", |language| language.instance.compile_other_s)?;
    row(f, "loaded from the cache, ms", |language| language.instance.load_ms)?;
    row(f, "an entry that does nothing, µs", |language| language.instance.start_us)?;
    row(f, "an entry with ten steps, µs", |language| language.instance.run_us)?;
    row(f, "one step more, µs", |language| language.instance.step_us)?;
    row(f, "a result of a megabyte more, ms", |language| language.instance.megabyte_ms)?;
    row(f, "memory of one instance more, KB", |language| language.instance.instance_kb)
}

impl fmt::Display for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Sleeping => "sleep",
            Kind::Waiting => "wait for an event, each for another value",
            Kind::Held => "are held by a concurrency limit",
        };
        writeln!(f, "{} runs {kind} ({:.0} s to get there), beside a host without them", self.runs, self.gathered_s)?;
        compared(f, &self.comparisons)?;
        writeln!(
            f,
            "Resident: {:.0} MB, beside {:.0}; {:.0} when started again",
            self.crowded_mb, self.empty_mb, self.restarted_mb
        )?;
        writeln!(
            f,
            "From start to the first acknowledgement: {:.0} ms, beside {:.0}",
            self.crowded_start_ms, self.empty_start_ms
        )
    }
}

impl fmt::Display for Many {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} functions, beside one", self.functions)?;
        compared(f, &self.comparisons)?;
        writeln!(f, "Resident: {:.0} MB, beside {:.0}", self.crowded_mb, self.empty_mb)
    }
}

fn compared(f: &mut fmt::Formatter<'_>, comparisons: &[Comparison]) -> fmt::Result {
    writeln!(f, "\n{:<45} {:>9} {:>9} {:>7}", "median, ms", "without", "with", "ratio")?;
    for Comparison { what, empty_ms, crowded_ms, ratio } in comparisons {
        writeln!(f, "{what:<45} {empty_ms:>9.3} {crowded_ms:>9.3} {ratio:>7.2}")?;
    }
    writeln!(f)
}

impl fmt::Display for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Runs of 10 trivial sequential steps, from a client over HTTP on the same machine\n")?;
        writeln!(
            f,
            "{:<10} {:<9} {:>5} {:>9} {:>10} {:>10} {:>10} {:>9} {:>9} {:>11} {:>8} {:>9} {:>8}",
            "",
            "",
            "at",
            "runs/s",
            "steps/s",
            "accepted",
            "run",
            "p99",
            "syncs",
            "written",
            "peak",
            "processor",
            "sync"
        )?;
        writeln!(
            f,
            "{:<10} {:<9} {:>5} {:>9} {:>10} {:>10} {:>10} {:>9} {:>9} {:>11} {:>8} {:>9} {:>8}",
            "", "", "once", "", "", "ms", "ms", "ms", "per run", "bytes/step", "MB", "us/step", "ms"
        )?;
        for load in &self.loads {
            writeln!(
                f,
                "{:<10} {:<9} {:>5} {:>9.0} {:>10.0} {:>10.2} {:>10.2} {:>9.2} {:>9.2} {:>11.0} {:>8.1} {:>9.1} {:>8.3}",
                format!("{:?}", load.guest).to_lowercase(),
                load.durability.to_string(),
                load.concurrency,
                load.runs_per_s,
                load.steps_per_s,
                load.accepted_median_ms,
                load.run_median_ms,
                load.run_p99_ms,
                load.syncs_per_run,
                load.written_bytes_per_step,
                load.peak_mb,
                load.cpu_us_per_step,
                load.sync_ms
            )?;
        }
        writeln!(f, "\nHost idle: {:.1} MB", self.idle_mb)
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FirstStep { median_ms, p99_ms, sync_ms } = self.first_step;
        writeln!(
            f,
            "Event to first step: median {median_ms:.2} ms, p99 {p99_ms:.2} ms, beside a sync of {sync_ms:.3} ms"
        )?;
        writeln!(
            f,
            "A Rust instance: started in {:.1} µs, a run of 10 steps in {:.1} µs",
            self.instance.start_us, self.instance.run_us
        )?;
        writeln!(
            f,
            "Floor: SQLite {:.0} commits/s of one row, {:.0} rows/s at 100 in a commit",
            self.floor.commits_per_s, self.floor.rows_per_s
        )
    }
}
