//! `cargo xtask sim`: seeds of the simulation, to find what no test has thought of.

use anyhow::Result;

use crate::{build, guests};

/// Which seeds.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// How many.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first.
    #[arg(long, default_value_t = 0)]
    from: u64,
}

pub fn run(options: &Options) -> Result<()> {
    guests::build()?;
    let mut cargo = build::cargo();
    cargo.env("STEPWELL_SIM_FROM", options.from.to_string()).env("STEPWELL_SIM_SEEDS", options.seeds.to_string());
    build::run(cargo.args(["test", "--package", "stepwell", "--test", "it", "sim::"]))
}
