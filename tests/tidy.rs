//! Holds the house together: layers, opening sentences, and who may know what (docs/architecture.md).

use std::fs;
use std::path::{Path, PathBuf};

/// Room → rooms it may import, from the table in docs/architecture.md.
const LAYERS: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("model", &["limits"]),
    ("expression", &["limits", "model"]),
    ("flow", &["limits", "model"]),
    ("store", &["limits", "model", "expression", "flow"]),
    ("sandbox", &["limits", "model"]),
    ("registry", &["limits", "model", "expression", "store", "sandbox"]),
    ("router", &["limits", "model", "expression", "store", "registry"]),
    ("executor", &["limits", "model", "expression", "store", "sandbox", "registry", "router"]),
    ("scheduler", &["limits", "model", "store", "executor"]),
    ("api", &["limits", "model", "store", "registry", "router"]),
    ("config", &["limits", "model", "store", "sandbox"]),
    ("telemetry", &["config"]),
    (
        "server",
        &[
            "limits",
            "model",
            "store",
            "sandbox",
            "registry",
            "router",
            "executor",
            "scheduler",
            "api",
            "config",
            "telemetry",
        ],
    ),
    ("cli", &["limits", "model", "sandbox", "server", "config", "telemetry"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All Rust files below a folder of the repository, with their text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is there").map(|entry| entry.expect("readable").path()) {
            if entry.is_dir() && !entry.ends_with("target") {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&entry).expect("source is UTF-8");
                found.push((entry, text));
            }
        }
    }
    found
}

/// The room that a file of host/src belongs to; `None` for main.rs and lib.rs.
fn room(path: &Path) -> Option<String> {
    let source = root().join("host/src");
    let first = path.strip_prefix(&source).ok()?.components().next()?;
    let name = first.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    (name != "main" && name != "lib").then_some(name)
}

/// Source without what stands behind `#[cfg(test)]`, which ends each file that has tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

/// The rooms that a source names by `crate::room`.
fn imports(text: &str) -> Vec<String> {
    let words = without_tests(text).split("crate::").skip(1);
    words
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>())
        .filter(|name| LAYERS.iter().any(|(room, _)| room == name))
        .collect()
}

#[test]
fn rooms_import_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (path, text) in sources("host/src") {
        let Some(room) = room(&path) else { continue };
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{}: room {room} has no place in the table", path.display()));
            continue;
        };
        for import in imports(&text).into_iter().filter(|import| *import != room) {
            if !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: {room} may not import {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the first sentence of a file begins with a noun or a verb, and not with a word that stands for one.
fn names_its_subject(text: &str) -> bool {
    let sentence = text.trim_start_matches(['/', '!', '#', '"', '*', ' ']);
    let first = sentence.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    !["It", "What", "Who", "Whom", "Whose", "One", "Those", "Answers"].contains(&first)
}

#[test]
fn every_file_says_what_it_is_for() {
    let folders = ["host/src", "sdk/rust/src", "xtask/src", "tests"];
    let mute: Vec<_> = folders
        .iter()
        .flat_map(|folder| sources(folder))
        .filter(|(_, text)| !text.starts_with("//!") || !names_its_subject(text))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(mute.is_empty(), "no opening `//!` sentence that names its subject:\n{}", mute.join("\n"));
}

#[test]
fn each_foreign_thing_is_known_in_one_room() {
    // What is searched for → the rooms that may name it.
    let known: &[(&str, &[&str])] = &[
        ("rusqlite", &["store"]),
        ("wasmtime", &["sandbox"]),
        ("axum", &["api", "server"]),
        ("println!", &["cli"]),
        ("SystemTime", &["model"]),
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources("host/src") {
        let Some(room) = room(&path) else { continue };
        let code: String = without_tests(&text).lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for (thing, rooms) in known {
            if code.contains(thing) && !rooms.contains(&room.as_str()) {
                wrong.push(format!("{} names {thing}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_unwrapped_outside_of_tests() {
    let wrong: Vec<_> = ["host/src", "sdk/rust/src"]
        .iter()
        .flat_map(|folder| sources(folder))
        .filter(|(_, text)| {
            without_tests(text).lines().any(|line| line.contains(".unwrap()") && !line.trim_start().starts_with("//"))
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "unwrap() in:\n{}", wrong.join("\n"));
}

/// Folders of what is made and not written.
const MADE: &[&str] = &["target", "node_modules", "dist", "sdk/python/build"];

/// Files that somebody has written, with these endings, by their path from the root, and their text.
fn written(endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is there").map(|entry| entry.expect("readable")) {
            let (path, name) = (entry.path(), entry.file_name());
            let is_hidden = name.to_string_lossy().starts_with('.');
            if is_hidden || MADE.iter().any(|made| path.ends_with(made)) {
                continue;
            }
            if entry.file_type().expect("readable").is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| name.to_string_lossy().ends_with(ending)) {
                let text = fs::read_to_string(&path).expect("source is UTF-8");
                let from_root = path.strip_prefix(root()).expect("it is below the root");
                found.push((from_root.display().to_string(), text));
            }
        }
    }
    found
}

#[test]
fn a_file_fits_in_a_sitting() {
    let mut wrong = Vec::new();
    for (endings, most) in [(&[".rs"] as &[&str], 600), (&[".ts", ".tsx", ".py"], 450)] {
        let long = written(endings).into_iter().filter(|(_, text)| text.lines().count() > most);
        wrong.extend(long.map(|(path, _)| format!("{path} has more than {most} lines")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn docs_of_rust_name_their_subject() {
    let mut vague = Vec::new();
    for (path, text) in written(&[".rs"]) {
        let mut before = "";
        for (number, line) in text.lines().map(str::trim_start).enumerate() {
            if line.starts_with("/// ") && !before.starts_with("///") && !names_its_subject(line) {
                vague.push(format!("{path}:{}: {line}", number + 1));
            }
            before = line;
        }
    }
    assert!(vague.is_empty(), "docs that begin with a word for their subject:\n{}", vague.join("\n"));
}

#[test]
fn every_file_of_python_and_typescript_says_what_it_is_for() {
    let opens = |text: &str| ["//", "/*", "#!", "#", "\"\"\""].iter().any(|opening| text.starts_with(opening));
    let says = |text: &str| text.is_empty() || (opens(text) && names_its_subject(text));
    let mute = written(&[".ts", ".tsx", ".py"]).into_iter().filter(|(_, text)| !says(text));
    let mute: Vec<_> = mute.map(|(path, _)| path).collect();
    assert!(mute.is_empty(), "no opening comment that names its subject:\n{}", mute.join("\n"));
}

/// Targets of Markdown's links, `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// The names by which a page's headings are linked, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let kept = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let anchor = |heading: &str| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        heading.chars().filter(|c| kept(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn links_of_pages_lead_somewhere() {
    let mut wrong = Vec::new();
    for (path, text) in written(&[".md"]) {
        let here = root().join(&path);
        for link in links(&text).filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { here.clone() } else { here.with_file_name("").join(file) };
            let is_there = match (target.exists(), anchor) {
                (is_there, "") => is_there,
                (_, anchor) => {
                    fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(&anchor.to_owned()))
                }
            };
            if !is_there {
                wrong.push(format!("{path} links {link}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The API's calls of the store: reads, and what people have done to runs and functions. What the executor, the router and
/// the registry write is not among them.
const API_ASKS: &[&str] = &[
    "bulk_retries",
    "cancel",
    "cancel_many",
    "cancellations",
    "ended",
    "estimate",
    "event",
    "events",
    "forget_bulk_retry",
    "forget_cancellation",
    "pause",
    "paused",
    "run",
    "runs",
    "runs_of_event",
    "signal",
    "unended_by_version",
];

#[test]
fn the_api_reads_and_operates_and_writes_nothing_else() {
    let mut wrong = Vec::new();
    for (path, text) in sources("host/src/api") {
        for rest in without_tests(&text).split("store.").skip(1) {
            let verb: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if rest[verb.len()..].starts_with('(') && !API_ASKS.contains(&verb.as_str()) {
                wrong.push(format!("{} asks the store to {verb}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Phrases that have to be translated back, and what is written instead.
const PHRASES: &[(&str, &str)] = &[
    ("how-manieth", "which use of it this is, counted from 0"),
    ("does it over", "replays it"),
    ("do it over", "replay it"),
    ("done over", "replayed"),
    ("hoever", "the caller, the holder, a reader"),
    ("that is none", "an invalid one"),
    (" is none of", "does not belong to, is not one of"),
    ("where there is none", "if it has none"),
    ("sees to", "handles"),
    ("is seen to", "is handled"),
    ("see to it", "handle it"),
    ("nobody else's", "does not affect others"),
];

/// The files that name the phrases to say what to write instead.
const TELL_THE_RULE: &[&str] = &["tests/tidy.rs", "CONTRIBUTING.md"];

#[test]
fn phrases_are_plain_english() {
    let mut wrong = Vec::new();
    for (path, text) in written(&[".rs", ".ts", ".py", ".md", ".wit"]) {
        for (phrase, instead) in PHRASES {
            if text.contains(phrase) && !TELL_THE_RULE.contains(&path.as_str()) {
                wrong.push(format!("{path} says {phrase:?}: write {instead:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Cells of the tables' rows in a page, without the lines that head them.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let lines = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| package"));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn the_page_of_packages_is_what_is_tested() {
    let read = |path: &str| fs::read_to_string(root().join(path)).expect(path);
    let page = read("docs/packages.md");
    let (works, fails) = page.split_once("## What does not work").expect("both are there");
    let json = |path: &str| serde_json::from_str::<serde_json::Value>(&read(path)).expect(path);
    let versions = &json("tests/packages/package.json")["dependencies"];
    let mut told: Vec<_> = rows(works).iter().map(|row| (row[0].to_owned(), row[1].to_owned())).collect();
    let answers = fs::read_dir(root().join("tests/packages/answers")).expect("a folder");
    let mut tested: Vec<_> = answers
        .map(|file| format!("tests/packages/answers/{}", file.expect("a file").file_name().display()))
        .flat_map(|path| json(&path).as_object().expect("packages").keys().cloned().collect::<Vec<_>>())
        .map(|name| (name.clone(), versions[name.as_str()].as_str().unwrap_or_default().to_owned()))
        .collect();
    told.sort();
    tested.sort();
    assert_eq!(told, tested);

    let code = read("sdk/typescript/src/build/packages.ts");
    let known = code.split_once("INSTEAD: Record<string, string> = {").and_then(|(_, rest)| rest.split_once("\n};"));
    let names = known.expect("it is there").0.lines().filter_map(|line| line.split_once(": "));
    let mut known: Vec<_> = names.map(|(name, _)| name.trim().trim_matches('\'').to_owned()).collect();
    let mut told: Vec<_> = rows(fails).iter().flat_map(|row| row[0].split(", ")).map(str::to_owned).collect();
    told.sort();
    known.sort();
    assert_eq!(told, known);
}
