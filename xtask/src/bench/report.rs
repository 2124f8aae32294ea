//! The figures, for people and as JSON.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::client::{Timing, Timings};
use super::floor::Floor;
use super::host::{Counters, Durability, Instance};

/// Steps in a run of the load.
const STEPS: f64 = 10.0;

#[derive(Debug, Serialize)]
pub struct Report {
    pub loads: Vec<Load>,
    pub floor: Floor,
    pub first_step: FirstStep,
    pub instance: Instance,
    /// Resident memory of the host before any load.
    pub idle_mb: f64,
}

/// From sending an event to the arrival of the request that its first step sends, strict, one event at a time.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FirstStep {
    pub median_ms: f64,
    pub p99_ms: f64,
    /// A 4 KiB append and fdatasync, measured right before.
    pub sync_ms: f64,
}

/// One load. Times in milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Load {
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
            sync_ms,
        }
    }
}

/// The round with the median rate.
pub fn median_load(durability: Durability, concurrency: usize, mut rounds: Vec<Load>) -> Load {
    rounds.sort_by(|a, b| a.runs_per_s.total_cmp(&b.runs_per_s));
    Load { durability, concurrency, ..rounds.swap_remove(rounds.len() / 2) }
}

/// Median and p99.
pub fn quantiles(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |q: f64| values[((values.len() - 1) as f64 * q).round() as usize];
    (at(0.5), at(0.99))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Runs of 10 trivial sequential steps, from a client over HTTP on the same machine\n")?;
        writeln!(
            f,
            "{:<9} {:>5} {:>9} {:>10} {:>10} {:>10} {:>9} {:>9} {:>11} {:>8} {:>8}",
            "", "at", "runs/s", "steps/s", "accepted", "run", "p99", "syncs", "written", "peak", "sync"
        )?;
        writeln!(
            f,
            "{:<9} {:>5} {:>9} {:>10} {:>10} {:>10} {:>9} {:>9} {:>11} {:>8} {:>8}",
            "", "once", "", "", "ms", "ms", "ms", "per run", "bytes/step", "MB", "ms"
        )?;
        for load in &self.loads {
            writeln!(
                f,
                "{:<9} {:>5} {:>9.0} {:>10.0} {:>10.2} {:>10.2} {:>9.2} {:>9.2} {:>11.0} {:>8.1} {:>8.3}",
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
                load.sync_ms
            )?;
        }
        writeln!(f, "\nHost idle: {:.1} MB", self.idle_mb)?;
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
