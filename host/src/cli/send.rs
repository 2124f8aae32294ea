//! `stepwell send`: an event, and with `--wait` the story of what comes of it.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::client::{Client, Lines, encode};
use super::flags::Target;
use super::paint::Paint;
use super::story::{Frames, Teller};
use super::table::cut;
use super::view::Detail;
use super::{Ending, typed_json};
use crate::model::read_json;

#[derive(Debug, Args)]
pub struct Options {
    /// The event's name, such as shop/product.imported
    name: String,
    /// Its data, a JSON object; - reads it from stdin, @FILE from a file
    data: Option<String>,
    /// An id of the event's own: a second event with the same one starts nothing within 24 hours
    #[arg(long)]
    id: Option<String>,
    /// Follow the runs it starts, their failure runs included, until all have ended; exit code 3 if one failed
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    target: Target,
}

/// How often a run that goes on is looked at.
const LOOK_MS: u64 = 200;
/// How much of a stack is told unasked.
const FRAMES: usize = 8;

pub async fn run(options: Options) -> Result<ExitCode> {
    let client = Client::new(&options.target)?;
    let event = event(&options)?.to_string();
    let query = if options.wait { "?follow=true" } else { "" };
    let mut answer = client.send(event, query).await?;
    let acknowledgement = answer.next().await?.context("the host answered nothing")?;
    match (options.wait, options.target.json) {
        (false, true) => writeln!(io::stdout(), "{acknowledgement}")?,
        (false, false) => {
            writeln!(io::stdout(), "sent {} as event {}", options.name, event_id(&acknowledgement)?)?;
        }
        (true, true) => pass_on(acknowledgement, answer).await?,
        (true, false) => tell(&client, &options.name, &event_id(&acknowledgement)?, answer).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn event(options: &Options) -> Result<Value> {
    let text = match options.data.as_deref() {
        None => "{}".to_owned(),
        Some("-") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).context("read the data from stdin")?;
            text
        }
        Some(text) => match text.strip_prefix('@') {
            Some(file) => std::fs::read_to_string(file)
                .map_err(|error| Ending::Usage(format!("the event's data cannot be read from {file}: {error}")))?,
            None => text.to_owned(),
        },
    };
    let refuse = |why: String| Ending::Usage(format!("the event's data has to be a JSON object: {why}"));
    let data: Value = typed_json(&text).map_err(refuse)?;
    if !data.is_object() {
        return Err(refuse(format!("it is {}", cut(&data.to_string(), 40))).into());
    }
    let mut event = json!({ "name": options.name, "data": data });
    if let (Some(id), Some(event)) = (&options.id, event.as_object_mut()) {
        event.insert("id".into(), id.as_str().into());
    }
    Ok(event)
}

fn event_id(acknowledgement: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Acknowledgement {
        ids: Vec<String>,
    }
    let read: Acknowledgement = serde_json::from_str(acknowledgement).context("understand the acknowledgement")?;
    read.ids.into_iter().next().context("the host gave the event no id")
}

/// A line of the answer that follows runs.
#[derive(Debug, Deserialize)]
struct Followed {
    status: Value,
    #[serde(default)]
    error: Option<String>,
}

/// For programs: the lines as they come.
async fn pass_on(acknowledgement: String, mut answer: Lines) -> Result<()> {
    writeln!(io::stdout(), "{acknowledgement}")?;
    let mut has_failed = false;
    while let Some(line) = answer.next().await? {
        writeln!(io::stdout(), "{line}")?;
        has_failed |= check(&line)? == "Failed";
    }
    if has_failed { Err(Ending::RunFailed.into()) } else { Ok(()) }
}

/// The status that a line tells, or why there will be no more of them.
fn check(line: &str) -> Result<String> {
    let followed: Followed = read_json(line).context("understand the host's answer")?;
    match followed.error {
        Some(problem) => Err(anyhow::anyhow!(problem).context("the host stopped following")),
        None => Ok(followed.status.as_str().unwrap_or_default().to_owned()),
    }
}

/// A run whose story is being told.
struct Told {
    id: String,
    is_open: bool,
    lines: usize,
    has_ended: bool,
}

impl Told {
    fn new(id: String) -> Self {
        Self { id, is_open: false, lines: 0, has_ended: false }
    }
}

/// Tells of several runs, one at a time.
struct Narrator {
    teller: Teller<io::Stdout>,
    /// The run that was told of last.
    last: Option<String>,
}

/// For people: each run's journal as it grows.
async fn tell(client: &Client, name: &str, event: &str, mut answer: Lines) -> Result<()> {
    let teller = Teller { out: io::stdout(), paint: Paint::stdout(), frames: Frames::First(FRAMES) };
    let mut narrator = Narrator { teller, last: None };
    writeln!(narrator.teller.out, "sent {name} as event {event}")?;
    let mut runs = runs_of_event(client, event).await?;
    if runs.is_empty() {
        eprintln!("No function listens to {name}, or this event's id started them before: stepwell functions list");
    }
    let mut has_failed = false;
    while runs.iter().any(|run| !run.has_ended) {
        wait(&mut answer).await?;
        let mut started = Vec::new();
        for run in runs.iter_mut().filter(|run| !run.has_ended) {
            let detail: Detail = client.get(&format!("/api/v1/runs/{}", encode(&run.id))).await?;
            narrator.news(run, &detail)?;
            has_failed |= detail.error.is_some();
            started.extend(detail.started.into_iter().filter(|_| run.has_ended));
        }
        runs.extend(started.into_iter().map(Told::new));
    }
    if has_failed { Err(Ending::RunFailed.into()) } else { Ok(()) }
}

/// Until a run has ended, or there may be something new to tell of those that go on.
async fn wait(answer: &mut Lines) -> Result<()> {
    let pause = Duration::from_millis(LOOK_MS);
    match timeout(pause, answer.next()).await {
        Ok(Ok(Some(line))) => check(&line).map(|_| ()),
        Ok(Err(error)) => Err(error),
        Ok(Ok(None)) => Ok(sleep(pause).await),
        Err(_) => Ok(()),
    }
}

async fn runs_of_event(client: &Client, event: &str) -> Result<Vec<Told>> {
    #[derive(Deserialize)]
    struct Runs {
        data: Vec<Run>,
    }
    #[derive(Deserialize)]
    struct Run {
        run_id: String,
    }
    let runs: Runs = client.get(&format!("/v1/events/{}/runs", encode(event))).await?;
    Ok(runs.data.into_iter().map(|run| Told::new(run.run_id)).collect())
}

impl Narrator {
    /// Tells what has come since the run was last looked at.
    fn news(&mut self, run: &mut Told, detail: &Detail) -> io::Result<()> {
        run.has_ended = detail.run.ended_at.is_some();
        if detail.journal.len() == run.lines && !run.has_ended {
            return Ok(());
        }
        self.heading(run, detail)?;
        self.teller.journal(detail, run.lines)?;
        run.lines = detail.journal.len();
        if run.has_ended {
            self.teller.ending(detail)?;
        }
        if detail.error.is_some() {
            self.teller.warnings(detail)?;
        }
        self.teller.out.flush()
    }

    /// Where another run was told of in between.
    fn heading(&mut self, run: &mut Told, detail: &Detail) -> io::Result<()> {
        if !run.is_open {
            writeln!(self.teller.out)?;
            self.teller.opening(detail)?;
        } else if self.last.as_ref() != Some(&run.id) {
            writeln!(self.teller.out, "\nrun {} goes on", self.teller.paint.bold(&run.id))?;
        }
        run.is_open = true;
        self.last = Some(run.id.clone());
        Ok(())
    }
}
