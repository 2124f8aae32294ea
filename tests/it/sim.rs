//! A seeded simulation: random functions, crashes, jumps of the clock, against the real scheduler, executor, sandbox and
//! store; what is promised has to hold whatever happens.
//!
//! All of a seed runs on one thread, each verb of the store at once and to its end, so that a seed does the same each
//! time. `cargo xtask sim --seeds N --from S` runs seeds S to S + N − 1.

mod check;
mod ledger;
mod plan;
mod shaky;
mod stage;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use libtest_mimic::{Failed, Trial};

use plan::Plan;

/// Seeds in one test, so that tests of a run share the machine's cores.
const SEEDS_PER_TRIAL: u64 = 25;
/// The seeds that are played unless told otherwise.
const SEEDS_DEFAULT: u64 = 300;
/// In which a seed says why it has failed, rather than hang the suite: no promise is about time.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn trials() -> Vec<Trial> {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (from, seeds) = (number("STEPWELL_SIM_FROM", 0_u64), number("STEPWELL_SIM_SEEDS", SEEDS_DEFAULT));
    let chunks = (from..from + seeds).step_by(SEEDS_PER_TRIAL as usize);
    let trial = |first: u64| {
        let last = (first + SEEDS_PER_TRIAL).min(from + seeds) - 1;
        Trial::test(format!("sim::seeds_{first}_to_{last}"), move || (first..=last).try_for_each(run))
    };
    chunks.map(trial).collect()
}

fn run(seed: u64) -> Result<(), Failed> {
    let done = std::sync::Arc::new(AtomicBool::new(false));
    let theirs = done.clone();
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        if !theirs.load(Ordering::Relaxed) {
            eprintln!("seed {seed} hangs: cargo xtask sim --seeds 1 --from {seed}");
            std::process::abort();
        }
    });
    let played = std::panic::catch_unwind(|| stage::play(seed, &Plan::of(seed)));
    done.store(true, Ordering::Relaxed);
    let problem = match played {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(problem)) => problem,
        Err(panic) => match panic.downcast::<String>() {
            Ok(words) => *words,
            Err(_) => "it panicked".to_owned(),
        },
    };
    Err(format!("seed {seed}: {problem}\nagain: cargo xtask sim --seeds 1 --from {seed}").into())
}
