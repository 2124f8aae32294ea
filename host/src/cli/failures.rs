//! `stepwell failures`: runs that failed for good, and what handled them.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::Client;
use super::flags::Target;
use super::paint::Paint;
use super::table::{Table, cut};
use super::view::{BulkRetry, FailedRun, Failures};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List failed runs, newest first, with the state of their handlers.
    List(List),
    /// Retry failed runs, each once: new runs, with all that had succeeded. The host goes on with it by itself.
    Retry(Retry),
}

#[derive(Debug, Args)]
pub struct Retry {
    /// Only runs of this function, by the id that `functions list` shows
    #[arg(long)]
    function: Option<String>,
    /// Only dead letters: failure runs that failed themselves
    #[arg(long)]
    dead_letters: bool,
    /// Only runs that were started then or later, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    started_after: Option<String>,
    /// Only runs that were started before
    #[arg(long, value_name = "TIME")]
    started_before: Option<String>,
    /// Only runs of which this is true: CEL over `event`, the run's inngest/function.failed, as in
    /// "event.data.error.name == 'TimeoutError'"
    #[arg(long = "if", value_name = "EXPRESSION")]
    filter: Option<String>,
    /// On the version that each run was on, not the live one
    #[arg(long)]
    same_version: bool,
    /// Say which runs these are, and start nothing
    #[arg(long)]
    dry_run: bool,
    /// Return as soon as the host has written the wish down
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    target: Target,
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
    match command {
        Command::List(options) => list(options).await,
        Command::Retry(options) => retry(options).await,
    }
}

async fn retry(options: Retry) -> Result<ExitCode> {
    let client = Client::new(&options.target)?;
    let wanted = json!({
        "function": options.function, "dead_letters": options.dead_letters,
        "started_after": options.started_after, "started_before": options.started_before, "if": options.filter, "dry_run": options.dry_run,
        "version": if options.same_version { "same" } else { "live" },
    });
    let begun: Value = client.post_json("/api/v1/failures/retry", &wanted).await?;
    if options.dry_run {
        return tell_dry_run(&begun, options.target.json);
    }
    let retry: BulkRetry = serde_json::from_value(begun).context("understand the host's answer")?;
    let retry = if options.no_wait { retry } else { finished(&client, retry).await? };
    if options.target.json {
        writeln!(io::stdout(), "{}", json!(retry))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = io::stdout().lock();
    for refused in &retry.refusals {
        writeln!(out, "{} cannot be retried: {}", refused.run_id, refused.reason)?;
    }
    let BulkRetry { id, retried, already, refused, .. } = &retry;
    match retry.is_finished {
        true => eprintln!("{retried} retried, {already} had been before, {refused} could not be."),
        false => eprintln!("Bulk retry {id} is under way."),
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits until the host has looked at all runs. It goes on by itself if nobody waits.
async fn finished(client: &Client, mut retry: BulkRetry) -> Result<BulkRetry> {
    while !retry.is_finished {
        if io::stderr().is_terminal() {
            eprint!("\r{} retried, {} had been before … (Ctrl-C leaves it to the host)", retry.retried, retry.already);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        retry = client.get(&format!("/api/v1/failures/retries/{}", retry.id)).await?;
    }
    if io::stderr().is_terminal() {
        eprint!("\r\u{1b}[K");
    }
    Ok(retry)
}

fn tell_dry_run(dry: &Value, json: bool) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{dry}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let ids = dry["run_ids"].as_array().into_iter().flatten();
    ids.filter_map(Value::as_str).try_for_each(|id| writeln!(out, "{id}"))?;
    let or_more = if dry["is_all"] == true { "" } else { " or more" };
    eprintln!("{}{or_more} would be retried, {} had been before.", dry["runs"], dry["already"]);
    Ok(ExitCode::SUCCESS)
}

async fn list(options: List) -> Result<ExitCode> {
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
            run.ended_at.as_ref().map(super::view::Time::short).unwrap_or_default(),
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
