//! A scenario is a folder: functions, what is done to them when, and the history that is to come of it.
//!
//! `scenario.toml` is described in `tests/scenarios/README.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use serde::Deserialize;
use stepwell::model::{Json, OpKey};
use stepwell::router::replay::{Code, Start};
use stepwell::store::Pause;

use crate::clock::START;
use crate::guests;
use crate::render;
use crate::stage::Stage;
use crate::wat_guest::{Guest, describing};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What it shows, for people.
    #[serde(rename = "about")]
    _about: String,
    /// The vectors of the conformance list that it stands for.
    #[serde(rename = "vectors")]
    _vectors: Vec<String>,
    /// Guests beside `app`.
    #[serde(default)]
    plugins: Vec<String>,
    /// Guests of this scenario alone, by name: functions that end with the event that started them, by id with options.
    #[serde(default)]
    guests: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
    /// Where the clock stops; without it, when nothing waits any more.
    until_s: Option<u64>,
    #[serde(rename = "do", default)]
    deeds: Vec<Deed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deed {
    at_s: u64,
    send: Option<serde_json::Value>,
    /// Part of the message with which the event has to be refused.
    refused: Option<String>,
    /// The host stops gracefully and starts again on the same data.
    #[serde(default)]
    restart: bool,
    /// It is down for so long.
    #[serde(default)]
    down_s: u64,
    swap: Option<Swap>,
    retire: Option<String>,
    /// Ends a run by its number in the history, from outside.
    cancel: Option<usize>,
    /// Does a run over, by its number in the history.
    replay: Option<Replay>,
    /// A function starts no more runs, or does again.
    pause: Option<String>,
    resume: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replay {
    run: usize,
    /// `beginning`, `unfinished`, or a step's id.
    from: String,
    input: Option<serde_json::Value>,
    #[serde(default)]
    same_version: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Swap {
    plugin: String,
    to: String,
}

fn folder() -> PathBuf {
    guests::root().join("tests/scenarios")
}

/// One test for each folder.
pub fn trials() -> Vec<Trial> {
    let entries = fs::read_dir(folder()).expect("the scenarios are there");
    let mut folders: Vec<_> =
        entries.map(|entry| entry.expect("readable").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    let name = |path: &Path| path.file_name().expect("a folder has a name").to_string_lossy().into_owned();
    folders.into_iter().map(|path| Trial::test(format!("scenarios::{}", name(&path)), move || check(&path))).collect()
}

fn check(folder: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(folder.join("scenario.toml"))?;
    let scenario: Scenario = toml::from_str(&text)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let history = runtime.block_on(play(&scenario))?;
    compare(&folder.join("expected.txt"), &history)
}

async fn play(scenario: &Scenario) -> Result<String, Failed> {
    let mut stage = Stage::open().await;
    stage.load("app", "scenarios").await;
    for plugin in &scenario.plugins {
        load(&stage, scenario, plugin, plugin).await;
    }
    for deed in &scenario.deeds {
        stage.advance_to(START + deed.at_s * 1_000).await;
        perform(&mut stage, scenario, deed).await?;
    }
    let end = scenario.until_s.map_or(u64::MAX, |until| START + until * 1_000);
    stage.advance_to(end).await;
    let (runs, events) = stage.history().await;
    stage.close().await;
    Ok(render::history(&runs, &events))
}

/// A guest of the scenario's own, or one that is built.
async fn load(stage: &Stage, scenario: &Scenario, plugin: &str, guest: &str) {
    match scenario.guests.get(guest) {
        Some(functions) => stage.offer(plugin, component(functions)).await,
        None => stage.load(plugin, guest).await,
    }
}

/// Functions that end with the event that started them, by id with their options.
pub fn component(functions: &BTreeMap<String, serde_json::Value>) -> Arc<[u8]> {
    let options: Vec<_> = functions.iter().map(|(id, options)| (id.as_str(), options.to_string())).collect();
    let functions: Vec<_> = options.iter().map(|(id, options)| (*id, options.as_str(), false)).collect();
    let describe = describing(&functions);
    // The sixth parameter is the list of events: a pointer to a pointer and a length.
    let run = "(call $completed (i32.load (local.get 6)) (i32.load (i32.add (local.get 6) (i32.const 4))))";
    Guest { describe: Some(&describe), run, ..Guest::default() }.build()
}

async fn perform(stage: &mut Stage, scenario: &Scenario, deed: &Deed) -> Result<(), Failed> {
    if let Some(event) = &deed.send {
        match (stage.send(event).await, &deed.refused) {
            (Ok(()), None) => {}
            (Ok(()), Some(part)) => return Err(format!("accepted, but was to be refused: {part}").into()),
            (Err(message), Some(part)) if message.contains(part) => {}
            (Err(message), _) => return Err(message.into()),
        }
    }
    if deed.restart {
        stage.restart(deed.down_s * 1_000).await;
    }
    if let Some(swap) = &deed.swap {
        load(stage, scenario, &swap.plugin, &swap.to).await;
    }
    if let Some(number) = deed.cancel {
        stage.cancel(number).await;
    }
    if let Some(replay) = &deed.replay {
        let start = match replay.from.as_str() {
            "beginning" => Start::Beginning,
            "unfinished" => Start::Unfinished,
            step => Start::Step { key: OpKey::new(step, 0), input: replay.input.as_ref().map(Json::of) },
        };
        let code = if replay.same_version { Code::Same } else { Code::Live };
        let outcome = stage.replay(replay.run, &start, code).await;
        match (outcome, &deed.refused) {
            (Ok(()), None) => {}
            (Err(message), Some(part)) if message.contains(part) => {}
            (outcome, _) => return Err(format!("doing run {} over came to {outcome:?}", replay.run).into()),
        }
    }
    if let Some(function) = &deed.pause {
        stage.pause(function, Pause::Paused).await;
    }
    if let Some(function) = &deed.resume {
        stage.pause(function, Pause::Resumed).await;
    }
    if let Some(plugin) = &deed.retire {
        stage.retire(plugin).await;
    }
    Ok(())
}

/// `UPDATE_EXPECT=1` writes what came instead of comparing it.
fn compare(path: &Path, history: &str) -> Result<(), Failed> {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, history)?;
        return Ok(());
    }
    let expected = fs::read_to_string(path)?;
    if expected == history {
        return Ok(());
    }
    let mut message = format!("{} differs (- expected, + came):\n", path.display());
    for line in diff(&expected, history) {
        message.push_str(&line);
        message.push('\n');
    }
    Err(message.into())
}

/// Line by line, by the longest common subsequence.
fn diff(expected: &str, came: &str) -> Vec<String> {
    let (a, b): (Vec<_>, Vec<_>) = (expected.lines().collect(), came.lines().collect());
    let mut common = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            lines.push(format!("  {}", a[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(format!("- {}", a[i]));
            i += 1;
        } else {
            lines.push(format!("+ {}", b[j]));
            j += 1;
        }
    }
    lines
}
