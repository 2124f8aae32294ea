//! `stepwell runs cancel`: ending a run, or many at once.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::{Value, json};

use super::Ending;
use super::client::{Client, encode};
use super::flags::Target;

#[derive(Debug, Args)]
pub struct Options {
    /// The run's id
    #[arg(required_unless_present = "function", conflicts_with = "function")]
    run: Option<String>,
    /// Instead of one run all unended ones of this function, by the id that `functions list` shows
    #[arg(long)]
    function: Option<String>,
    /// Only runs that were started then or later, such as 2026-01-31T12:00:00Z
    #[arg(long, requires = "function", value_name = "TIME")]
    started_after: Option<String>,
    /// Only runs that were started before
    #[arg(long, requires = "function", value_name = "TIME")]
    started_before: Option<String>,
    /// Only runs whose event this CEL expression is true of, such as "event.data.tenant == 7"
    #[arg(long = "if", requires = "function", value_name = "EXPRESSION")]
    filter: Option<String>,
    /// queued: only runs that execute nothing at the moment
    #[arg(long, requires = "function", value_parser = ["queued"])]
    status: Option<String>,
    /// Don't ask
    #[arg(long, requires = "function")]
    yes: bool,
    #[command(flatten)]
    target: Target,
}

pub async fn run(options: Options) -> Result<()> {
    match (&options.run, &options.function) {
        (Some(run), _) => one(run, &options.target).await,
        (None, Some(function)) => many(function, &options).await,
        (None, None) => Ok(()),
    }
}

async fn one(run: &str, target: &Target) -> Result<()> {
    let client = Client::new(target)?;
    client.post(&format!("/api/v1/runs/{}/cancel", encode(run))).await?;
    if !target.json {
        writeln!(io::stdout(), "run {run} is to end")?;
    }
    Ok(())
}

async fn many(function: &str, options: &Options) -> Result<()> {
    let client = Client::new(&options.target)?;
    let mut wanted = json!({ "function_id": function });
    let given = [
        ("started_after", &options.started_after),
        ("started_before", &options.started_before),
        ("if", &options.filter),
        ("status", &options.status),
    ];
    for (key, value) in given {
        if let Some(value) = value {
            wanted[key] = value.as_str().into();
        }
    }
    if !options.yes {
        let answer: Value = client.post_json("/v1/cancellations?dry_run=true", &wanted).await?;
        if !confirms(function, &answer["data"])? {
            eprintln!("Nothing is cancelled.");
            return Ok(());
        }
    }
    let mut answer: Value = client.post_json("/v1/cancellations", &wanted).await?;
    let cancellation = answer["data"].take();
    let mut out = io::stdout().lock();
    if options.target.json {
        return Ok(writeln!(out, "{cancellation}")?);
    }
    let id = cancellation["id"].as_str().unwrap_or_default();
    let runs = count(&cancellation["runs"]);
    match cancellation["is_finished"] == true {
        true => writeln!(out, "cancellation {id}: told {runs} to end")?,
        false => writeln!(out, "cancellation {id}: told {runs} to end so far, others follow")?,
    }
    Ok(())
}

/// Says how many runs would end. Where nobody can be asked, it is for `--yes` to say so.
fn confirms(function: &str, estimate: &Value) -> Result<bool> {
    let more = if estimate["is_all"] == false { ", and maybe more," } else { "" };
    let would_end = format!("{}{more} of {function} would end", count(&estimate["runs"]));
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Ending::Usage(format!("{would_end}: say --yes if they are to")).into());
    }
    eprint!("{would_end}. End them? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn count(runs: &Value) -> String {
    match runs.as_u64() {
        Some(1) => "1 run".to_owned(),
        runs => format!("{} runs", runs.unwrap_or_default()),
    }
}
