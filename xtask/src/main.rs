//! Everything that a newcomer or CI runs: `cargo xtask --help`.

mod bench;
mod build;
mod demo;
mod guests;
mod sim;
mod test;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Recipes of the Stepwell repository")]
enum Recipe {
    /// Show what it is about: a run that is retried, fails for good, and its failure run.
    Demo,
    /// Build the guests from source: examples, and those that tests run.
    Guests,
    /// Build all guests from source and run every test.
    Test(test::Options),
    /// Play seeds of the simulation: random functions, crashes and jumps of the clock against the real host.
    Sim(sim::Options),
    /// Measure the host beside what this machine can do.
    Bench(bench::Options),
}

fn main() -> Result<()> {
    match Recipe::parse() {
        Recipe::Demo => demo::run(),
        Recipe::Guests => guests::build(),
        Recipe::Test(options) => test::run(&options),
        Recipe::Sim(options) => sim::run(&options),
        Recipe::Bench(options) => bench::run(&options),
    }
}

/// The repository's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}
