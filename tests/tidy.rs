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

#[test]
fn every_file_says_what_it_is_for() {
    let folders = ["host/src", "sdk/rust/src", "xtask/src", "tests"];
    let mute: Vec<_> = folders
        .iter()
        .flat_map(|folder| sources(folder))
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(mute.is_empty(), "no opening `//!` sentence:\n{}", mute.join("\n"));
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
