//! `cargo xtask test`: the form and the lints, all guests from source, then every test.

use anyhow::Result;

use crate::{build, guests, root};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Handed on to the test runner: a part of the names of the tests to run.
    filter: Option<String>,
}

pub fn run(options: &Options) -> Result<()> {
    if options.filter.is_none() {
        for workspace in ["", "sdk/rust", "guest-examples/rust", "tests/guests"] {
            let folder = root().join(workspace);
            build::run(build::cargo().current_dir(folder).args(["fmt", "--all", "--", "--check"]))?;
        }
        build::run(build::cargo().args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    }
    guests::build()?;
    // The SDK's documentation of its test kit is only there with the feature.
    natively("sdk/rust", &["test", "--features", "testing"], options)?;
    natively("guest-examples/rust", &["test"], options)?;
    build::run(build::cargo().args(["test", "--workspace"]).args(&options.filter))
}

/// In a workspace of its own, for this machine: guests' own tests need no host.
fn natively(folder: &str, arguments: &[&str], options: &Options) -> Result<()> {
    let mut cargo = build::cargo();
    cargo.current_dir(root().join(folder)).env_remove("CARGO_TARGET_DIR");
    build::run(cargo.args(arguments).args(&options.filter))
}
