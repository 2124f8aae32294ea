//! `stepwell plugins`: what is live since when, and what runs still need of what was.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::client::Client;
use super::flags::Target;
use super::paint::Paint;
use super::table::{Table, cut};
use super::view::{Plugin, Plugins};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List plugins.
    List(Target),
}

pub async fn run(command: Command) -> Result<ExitCode> {
    let Command::List(target) = command;
    let client = Client::new(&target)?;
    let path = "/api/v1/plugins";
    let mut out = io::stdout().lock();
    if target.json {
        writeln!(out, "{}", client.get_text(path).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let plugins: Plugins = client.get(path).await?;
    if plugins.plugins.is_empty() {
        eprintln!("No plugins.");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table =
        Table::new(&["PLUGIN", "VERSION", "LIVE SINCE (UTC)", "FUNCTIONS", "RUNS", "RUNS ON OLDER VERSIONS"]);
    for plugin in &plugins.plugins {
        table.row(row(plugin));
    }
    table.print(&mut out, Paint::stdout())?;
    Ok(ExitCode::SUCCESS)
}

fn row(plugin: &Plugin) -> Vec<String> {
    let older: Vec<String> =
        plugin.older.iter().map(|older| format!("{} on {}", older.runs, cut(&older.version, 13))).collect();
    vec![
        plugin.name.clone(),
        plugin.version.as_ref().map_or_else(|| "retired".to_owned(), |version| cut(version, 13)),
        plugin.live_since.as_ref().map(super::view::Time::short).unwrap_or_default(),
        cut(&plugin.functions.join(", "), 80),
        plugin.runs.to_string(),
        if older.is_empty() { "0".to_owned() } else { older.join(", ") },
    ]
}
