//! `stepwell runs`: what ran, and what it did.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::cancel;
use super::client::{Client, encode};
use super::flags::Target;
use super::paint::Paint;
use super::story::{Frames, Teller};
use super::table::{Table, cut};
use super::view::{Detail, Run, Runs};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List runs, newest first.
    List(List),
    /// Show a run: its steps with their attempts, what was memoized, its error, its log.
    Show(Show),
    /// End a run, or all of a function's: open steps end first, no failure handler runs.
    Cancel(cancel::Options),
}

#[derive(Debug, Args)]
pub struct List {
    /// Only runs in this state: queued, running, completed, failed, cancelled
    #[arg(long)]
    status: Option<String>,
    /// Only runs of this function, by the id that `functions list` shows
    #[arg(long)]
    function: Option<String>,
    /// Only runs older than this one: for the next page
    #[arg(long, value_name = "RUN")]
    before: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
pub struct Show {
    /// The run's id
    run: String,
    #[command(flatten)]
    target: Target,
}

pub async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::List(options) => list(options).await?,
        Command::Show(options) => show(options).await?,
        Command::Cancel(options) => cancel::run(options).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(options: List) -> Result<()> {
    let client = Client::new(&options.target)?;
    let given = [("status", &options.status), ("function", &options.function), ("before", &options.before)];
    let given = given.iter().filter_map(|(key, value)| Some(format!("&{key}={}", encode(value.as_deref()?))));
    let path = format!("/api/v1/runs?limit={}{}", options.limit, given.collect::<String>());
    let mut out = io::stdout().lock();
    if options.target.json {
        return Ok(writeln!(out, "{}", client.get_text(&path).await?)?);
    }
    let runs: Runs = client.get(&path).await?;
    if runs.runs.is_empty() {
        eprintln!("No runs.");
        return Ok(());
    }
    let mut table = Table::new(&["RUN", "FUNCTION", "STATUS", "QUEUED (UTC)", "DUE (UTC)", "ERROR"]);
    for run in &runs.runs {
        let error = run.error.as_ref().map(|error| cut(&format!("{}: {}", error.name, error.message), 60));
        table.row(vec![
            run.run_id.clone(),
            run.function_id.clone(),
            run.status.to_lowercase(),
            run.queued_at.short(),
            due(run),
            error.unwrap_or_default(),
        ]);
    }
    table.print(&mut out, Paint::stdout())?;
    if let Some(next) = runs.next {
        eprintln!("More: --before {next}");
    }
    Ok(())
}

/// When it starts or goes on, where that is still to come.
fn due(run: &Run) -> String {
    let due = run.due_at.as_ref().filter(|due| run.ended_at.is_none() && due.ms > run.queued_at.ms);
    due.map(|due| due.short()).unwrap_or_default()
}

async fn show(options: Show) -> Result<()> {
    let client = Client::new(&options.target)?;
    let path = format!("/api/v1/runs/{}", encode(&options.run));
    let mut out = io::stdout().lock();
    if options.target.json {
        return Ok(writeln!(out, "{}", client.get_text(&path).await?)?);
    }
    let detail: Detail = client.get(&path).await?;
    let paint = Paint::stdout();
    let mut teller = Teller { out, paint, frames: Frames::All };
    teller.opening(&detail)?;
    teller.fact("version", &cut(&detail.run.version, 13))?;
    teller.fact("queued", &detail.run.queued_at.text)?;
    teller.journal(&detail, 0)?;
    teller.ending(&detail)?;
    if let Some(handler) = &detail.handler {
        teller.fact("handler", &format!("run {} {}", handler.run_id, handler.status.to_lowercase()))?;
    }
    let others = detail.started.iter().filter(|run| detail.handler.as_ref().is_none_or(|other| other.run_id != **run));
    for run in others {
        teller.fact("started", &format!("run {run}"))?;
    }
    if !detail.log.is_empty() {
        writeln!(teller.out, "{}", paint.dim("log"))?;
        teller.log(&detail)?;
    }
    Ok(teller.out.flush()?)
}
