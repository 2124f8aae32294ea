//! `cargo xtask test`: all guests from source, then every test.

use anyhow::Result;

use crate::{build, guests, root};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Handed on to the test runner: a part of the names of the tests to run.
    filter: Option<String>,
}

pub fn run(options: &Options) -> Result<()> {
    guests::build()?;
    let mut sdk = build::cargo();
    build::run(
        sdk.current_dir(root().join("sdk/rust")).env_remove("CARGO_TARGET_DIR").arg("test").args(&options.filter),
    )?;
    build::run(build::cargo().args(["test", "--workspace"]).args(&options.filter))
}
