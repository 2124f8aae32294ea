//! `stepwell failures`: what failed for good, and who has seen to it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::client::Client;
use super::flags::Target;
use super::paint::Paint;
use super::table::{Table, cut};
use super::view::{FailedRun, Failures};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List failed runs, newest first, with the state of their handlers.
    List(List),
}

#[derive(Debug, Args)]
pub struct List {
    /// Only dead letters: failure runs that failed themselves
    #[arg(long)]
    dead_letters: bool,
    /// At most so many
    #[arg(long, default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    target: Target,
}

pub async fn run(command: Command) -> Result<ExitCode> {
    let Command::List(options) = command;
    let client = Client::new(&options.target)?;
    let path = format!("/api/v1/failures?limit={}&dead_letters={}", options.limit, options.dead_letters);
    let mut out = io::stdout().lock();
    if options.target.json {
        writeln!(out, "{}", client.get_text(&path).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let failures: Failures = client.get(&path).await?;
    if failures.failures.is_empty() {
        eprintln!("No failures.");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["RUN", "FUNCTION", "ENDED (UTC)", "ERROR", "HANDLER"]);
    for failed in &failures.failures {
        let run = &failed.run;
        let error = run.error.as_ref().map(|error| cut(&format!("{}: {}", error.name, error.message), 60));
        table.row(vec![
            run.run_id.clone(),
            run.function_id.clone(),
            run.ended_at.as_ref().map(|ended| ended.short()).unwrap_or_default(),
            error.unwrap_or_default(),
            handler(failed),
        ]);
    }
    table.print(&mut out, Paint::stdout())?;
    if failures.next.is_some() {
        eprintln!("There are more: --limit.");
    }
    Ok(ExitCode::SUCCESS)
}

fn handler(failed: &FailedRun) -> String {
    match (&failed.handler, &failed.run.failed_run_id) {
        (Some(handler), _) => format!("{} {}", handler.status.to_lowercase(), handler.run_id),
        (None, Some(run)) if failed.is_dead_letter => format!("dead letter of {run}"),
        _ => "none".to_owned(),
    }
}
