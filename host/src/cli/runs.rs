//! `stepwell runs`: what ran, and what it did.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::cancel;
use super::client::{Client, encode};
use super::flags::Target;
use super::paint::Paint;
use super::story::{Frames, Teller};
use super::table::{Table, cut};
use super::view::{Detail, Run, Runs};
use super::{Ending, typed_json};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List runs, newest first.
    List(List),
    /// Show a run: its steps with their attempts, what was memoized, its error, its log.
    Show(Show),
    /// Try a run again that has failed or was cancelled: a new run, with all that had succeeded.
    Retry(Retry),
    /// Do a run over: a new run, from its beginning or from one of its steps.
    Replay(Replay),
    /// End a run, or all of a function's: open steps end first, no failure handler runs.
    Cancel(cancel::Options),
}

#[derive(Debug, Args)]
pub struct List {
    /// Only runs in this state: queued, running, completed, failed, cancelled, skipped
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

#[derive(Debug, Args)]
pub struct Retry {
    /// The run's id
    run: String,
    /// On the version that the run was on, not the live one
    #[arg(long)]
    same_version: bool,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
pub struct Replay {
    #[command(flatten)]
    retry: Retry,
    /// Keep what was recorded before this step, and begin with it
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// Which use of the step's id, where it is used several times: 0 for the first
    #[arg(long, value_name = "N", default_value_t = 0, requires = "from")]
    nth: u32,
    /// JSON that the step gets in place of its code's own input
    #[arg(long, value_name = "JSON", requires = "from")]
    input: Option<String>,
}

pub async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Retry(options) => again(&options, "retry", serde_json::json!({})).await?,
        Command::Replay(options) => replay(options).await?,
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

async fn replay(options: Replay) -> Result<()> {
    let Replay { retry, from, nth, input } = options;
    let mut wish = serde_json::json!({});
    if let Some(id) = from {
        wish["from"] = serde_json::json!({ "id": id, "n": nth });
    }
    if let Some(input) = input {
        let not_json = |why| Ending::Usage(format!("--input has to be JSON, and text in JSON has quotes: {why}"));
        wish["input"] = typed_json(&input).map_err(not_json)?;
    }
    again(&retry, "replay", wish).await
}

/// Starts a run that does another one over, and says which.
async fn again(options: &Retry, verb: &str, mut wish: serde_json::Value) -> Result<()> {
    if options.same_version {
        wish["version"] = "same".into();
    }
    let client = Client::new(&options.target)?;
    let begun: Value = client.post_json(&format!("/api/v1/runs/{}/{verb}", encode(&options.run)), &wish).await?;
    let mut out = io::stdout();
    match options.target.json {
        true => writeln!(out, "{begun}")?,
        false => writeln!(out, "replayed as run {}", begun["run_id"].as_str().unwrap_or_default())?,
    }
    Ok(())
}

/// When it starts or goes on, where that is still to come.
fn due(run: &Run) -> String {
    let due = run.due_at.as_ref().filter(|due| run.ended_at.is_none() && due.ms > run.queued_at.ms);
    due.map(super::view::Time::short).unwrap_or_default()
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
    if let Some(of) = &detail.run.replay_of {
        teller.fact("over", &format!("does run {of} over"))?;
    }
    for run in &detail.replays {
        teller.fact("over", &format!("replayed as run {run}"))?;
    }
    if !detail.log.is_empty() {
        writeln!(teller.out, "{}", paint.dim("log"))?;
        teller.log(&detail)?;
    }
    Ok(teller.out.flush()?)
}
