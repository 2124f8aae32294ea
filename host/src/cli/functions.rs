//! `stepwell functions`: what can run, and what starts it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde_json::Value;

use super::Ending;
use super::client::{Client, encode};
use super::flags::Target;
use super::paint::Paint;
use super::table::{Table, cut};
use super::view::{Function, Functions, Trigger};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the functions that are live.
    List(Target),
    /// Show a function: what starts it, how it is retried and limited.
    Show(Named),
    /// Start no more runs of a function: events are kept, their runs are skipped; what runs goes on.
    Pause(Named),
    /// Start runs of a paused function again.
    Resume(Named),
}

#[derive(Debug, Args)]
pub struct Named {
    /// The function, by the id that `functions list` shows
    function: String,
    #[command(flatten)]
    target: Target,
}

pub async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::List(target) => list(target).await,
        Command::Show(named) => show(named).await,
        Command::Pause(named) => set(named, "pause", "starts no more runs").await,
        Command::Resume(named) => set(named, "resume", "starts runs again").await,
    }
}

async fn set(Named { function, target }: Named, verb: &str, done: &str) -> Result<ExitCode> {
    let client = Client::new(&target)?;
    client.post(&format!("/api/v1/functions/{}/{verb}", encode(&function))).await?;
    if !target.json {
        writeln!(io::stdout(), "{function} {done}")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(Named { function, target }: Named) -> Result<ExitCode> {
    let client = Client::new(&target)?;
    let all: Value = client.get("/api/v1/functions").await?;
    let found = all["functions"].as_array().into_iter().flatten().find(|one| one["function_id"] == *function);
    let Some(found) = found else {
        return Err(
            Ending::NotFound(format!("there is no live function {function:?}: see `stepwell functions list`")).into()
        );
    };
    let mut out = io::stdout().lock();
    if target.json {
        writeln!(out, "{found}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown: Function = serde_json::from_value(found.clone()).context("understand the host's answer")?;
    let paint = Paint::stdout();
    let mut fact = |name: &str, text: &str| writeln!(out, "  {} {text}", paint.dim(format!("{name:16}")));
    fact("function", &shown.function_id)?;
    fact("name", &shown.name)?;
    fact("version", &shown.version)?;
    for one in &shown.triggers {
        fact("starts on", &trigger(one))?;
    }
    fact("retries", &shown.retries.to_string())?;
    if shown.is_paused {
        fact("paused", "it starts no runs: stepwell functions resume")?;
    }
    if let Some(handler) = found["failure_function_id"].as_str() {
        fact("failure handler", handler)?;
    }
    for (option, value) in found["flow"].as_object().into_iter().flatten() {
        fact(option, &value.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(target: Target) -> Result<ExitCode> {
    let client = Client::new(&target)?;
    let path = "/api/v1/functions";
    let mut out = io::stdout().lock();
    if target.json {
        writeln!(out, "{}", client.get_text(path).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let functions: Functions = client.get(path).await?;
    if functions.functions.is_empty() {
        eprintln!("No functions: no plugin is live.");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["FUNCTION", "NAME", "TRIGGERS", "RETRIES", "VERSION"]);
    for function in functions.functions {
        let triggers: Vec<String> = function.triggers.iter().map(trigger).collect();
        table.row(vec![
            function.function_id,
            cut(&function.name, 40),
            if function.is_paused { format!("(paused) {}", triggers.join(", ")) } else { triggers.join(", ") },
            function.retries.to_string(),
            cut(&function.version, 13),
        ]);
    }
    table.print(&mut out, Paint::stdout())?;
    Ok(ExitCode::SUCCESS)
}

/// A trigger on one line.
pub fn trigger(trigger: &Trigger) -> String {
    if let Some(cron) = &trigger.cron {
        let next = trigger.next_at.as_ref().map(|next| format!(" (next {} UTC)", next.short())).unwrap_or_default();
        return format!("cron {cron}{next}");
    }
    let event = trigger.event.clone().unwrap_or_default();
    match &trigger.filter {
        Some(filter) => format!("{event} if {}", cut(filter, 60)),
        None => event,
    }
}
