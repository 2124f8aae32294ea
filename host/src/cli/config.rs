//! `stepwell config`: what can be set, and what is.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::flags;
use super::paint::Paint;
use crate::config::SETTINGS;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a whole configuration file, with every setting explained and at its default.
    Init,
    /// Print the settings in force here, as TOML. Keys and granted variables are not told.
    Show(flags::Host),
}

/// The part of the file for plugins, which have tables of their own.
const PLUGINS: &str = r#"# What one plugin may use, by its name; without such a table it may use nothing.
# [plugins.product-import]
# hosts = ["api.example.com", "localhost:9000"]   # where its requests may go; "*.example.com" and "*" work too
# private_hosts = ["shop.internal"]               # the same, for names of private addresses
# variables_from_env = ["SLACK_TOKEN"]            # what it reads as environment variables, taken from the host's
# variables = { REGION = "eu" }                   # the same, given here
# memory = "128MiB"
# deadline = "5m"
"#;

pub fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Init => init()?,
        Command::Show(flags) => show(flags)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn init() -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "# stepwell.toml: flags come before STEPWELL_<KEY> in the environment, and both before this file.\n"
    )?;
    for setting in SETTINGS {
        writeln!(out, "# {}\n# {} = {}\n", setting.about, setting.key, setting.example)?;
    }
    Ok(write!(out, "{PLUGINS}")?)
}

fn show(flags: flags::Host) -> Result<()> {
    let config = flags.load(Vec::new())?;
    let paint = Paint::stdout();
    let mut out = io::stdout().lock();
    for setting in SETTINGS {
        match (setting.show)(&config) {
            Some(value) => writeln!(out, "{} = {value}", setting.key)?,
            None => writeln!(out, "{}", paint.dim(format!("# {} is not set, or is not told", setting.key)))?,
        }
    }
    for (name, plugin) in &config.plugins {
        let grants = &plugin.grants;
        writeln!(out, "\n[plugins.{name}]")?;
        writeln!(out, "# {} hosts, {} variables", grants.hosts.len(), grants.variables.len())?;
    }
    Ok(())
}
