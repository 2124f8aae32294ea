//! A scenario is a folder: functions, what is done to them when, and the history that is to come of it.
//!
//! `scenario.toml` is described in `tests/scenarios/README.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libtest_mimic::{Completion, Failed, Trial};
use serde::Deserialize;
use stepwell::model::{Json, OpKey};
use stepwell::router::replay::{Code, Start};
use stepwell::store::Pause;

use crate::clock::START;
use crate::guests;
use crate::render;
use crate::scenario_guests::{Guests, Language};
use crate::stage::Stage;
use crate::wat_guest::{Guest, describing};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The subject, for people.
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
    /// The reason why it differs in a language.
    #[serde(default)]
    rust: Apart,
    #[serde(default)]
    typescript: Apart,
    #[serde(default)]
    python: Apart,
    /// Where the clock stops; without it, when nothing waits any more.
    until_s: Option<u64>,
    #[serde(rename = "do", default)]
    pub deeds: Vec<Deed>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Apart {
    /// Why it is not there in the language.
    lacks: Option<String>,
    /// Why its history is another one there, which is in `expected.<language>.txt`.
    differs: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    pub at_s: u64,
    send: Option<serde_json::Value>,
    /// A signal, which some run waits for.
    signal: Option<SignalSent>,
    /// Part of the message with which the event has to be refused.
    refused: Option<String>,
    /// The host stops gracefully and starts again on the same data.
    #[serde(default)]
    pub restart: bool,
    /// The time that the host is down.
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
struct SignalSent {
    name: String,
    data: serde_json::Value,
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

/// Makes a test for each folder and language.
pub fn trials() -> Vec<Trial> {
    let entries = fs::read_dir(folder()).expect("the scenarios are there");
    let mut folders: Vec<_> =
        entries.map(|entry| entry.expect("readable").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    let mut trials: Vec<_> = folders.iter().flat_map(|folder| languages(folder)).collect();
    trials.push(Trial::test("scenarios::are_there_in_each_language", move || {
        folders.iter().try_for_each(|folder| is_whole(folder))
    }));
    trials
}

/// A scenario in the languages that it has functions in; one without functions, once.
fn languages(folder: &Path) -> Vec<Trial> {
    let name = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
    let has = |language: Language| source(folder, "function", language).is_file();
    let is_in =
        |language: &Language| has(*language) || (*language == Language::Rust && !Language::ALL.into_iter().any(has));
    let trial = |language: Language| {
        let folder = folder.to_owned();
        let name = match language {
            Language::Rust => format!("scenarios::{name}"),
            other => format!("scenarios::{name}::{other}"),
        };
        Trial::ignorable_test(name, move || match language.guests()? {
            Ok(guests) => check(&folder, language, guests).map(|()| Completion::Completed),
            Err(missing) => Ok(Completion::ignored_with(missing)),
        })
    };
    Language::ALL.into_iter().filter(is_in).map(trial).collect()
}

fn source(folder: &Path, name: &str, language: Language) -> PathBuf {
    folder.join(name).with_extension(language.extension())
}

/// Whether a scenario is there in each language, or says why not; differing only where it says why.
fn is_whole(folder: &Path) -> Result<(), Failed> {
    let scenario = Scenario::read(folder)?;
    let said = |what: &str, language: Language| Err(format!("{}: {what} {language}", folder.display()).into());
    for language in Language::ALL {
        let Apart { lacks, differs } = scenario.apart(language);
        for name in ["function", "other"] {
            let is_anywhere = Language::ALL.into_iter().any(|language| source(folder, name, language).is_file());
            if source(folder, name, language).is_file() != (is_anywhere && lacks.is_none()) {
                return said("either its functions or what it `lacks` is to be there for", language);
            }
        }
        let own = expected(folder, language, true);
        if own.is_file() != differs.is_some() || (lacks.is_some() && differs.is_some()) {
            return said("either a history of its own or the same is to be there for", language);
        }
        if own.is_file() && fs::read(own)? == fs::read(expected(folder, language, false))? {
            return said("the history does not differ for", language);
        }
    }
    Ok(())
}

fn expected(folder: &Path, language: Language, differs: bool) -> PathBuf {
    folder.join(if differs { format!("expected.{language}.txt") } else { "expected.txt".into() })
}

fn check(folder: &Path, language: Language, guests: Guests) -> Result<(), Failed> {
    let scenario = Scenario::read(folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let history = runtime.block_on(play(&scenario, &guests))?;
    compare(&expected(folder, language, scenario.apart(language).differs.is_some()), &history)
}

impl Scenario {
    pub fn read(folder: &Path) -> Result<Self, Failed> {
        let file = folder.join("scenario.toml");
        toml::from_str(&fs::read_to_string(&file)?).map_err(|error| format!("{}: {error}", file.display()).into())
    }

    fn apart(&self, language: Language) -> &Apart {
        match language {
            Language::Rust => &self.rust,
            Language::TypeScript => &self.typescript,
            Language::Python => &self.python,
        }
    }
}

async fn play(scenario: &Scenario, guests: &Guests) -> Result<String, Failed> {
    let mut stage = Stage::open().await;
    stage.offer("app", guests.app.clone()).await;
    for plugin in &scenario.plugins {
        load(&stage, scenario, guests, plugin, plugin).await;
    }
    for deed in &scenario.deeds {
        stage.advance_to(START + deed.at_s * 1_000).await;
        perform(&mut stage, scenario, guests, deed).await?;
    }
    let end = scenario.until_s.map_or(u64::MAX, |until| START + until * 1_000);
    stage.advance_to(end).await;
    let (runs, events) = stage.history().await;
    stage.close().await;
    Ok(render::history(&runs, &events))
}

/// A guest of the scenario's own, or one that is built.
async fn load(stage: &Stage, scenario: &Scenario, guests: &Guests, plugin: &str, guest: &str) {
    match scenario.guests.get(guest) {
        Some(functions) => stage.offer(plugin, component(functions)).await,
        None if guest == "other" => stage.offer(plugin, guests.other.clone()).await,
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

pub async fn perform(stage: &mut Stage, scenario: &Scenario, guests: &Guests, deed: &Deed) -> Result<(), Failed> {
    if let Some(event) = &deed.send {
        match (stage.send(event).await, &deed.refused) {
            (Ok(()), None) => {}
            (Ok(()), Some(part)) => return Err(format!("accepted, but was to be refused: {part}").into()),
            (Err(message), Some(part)) if message.contains(part) => {}
            (Err(message), _) => return Err(message.into()),
        }
    }
    if let Some(signal) = &deed.signal {
        stage.signal(&signal.name, &signal.data).await;
    }
    if deed.restart {
        stage.restart(deed.down_s * 1_000).await;
    }
    if let Some(swap) = &deed.swap {
        load(stage, scenario, guests, &swap.plugin, &swap.to).await;
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
pub fn compare(path: &Path, history: &str) -> Result<(), Failed> {
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
