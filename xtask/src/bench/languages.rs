//! The cost of a plugin in each language: to compile, to load, to start, to step, to keep in memory.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;

use super::Tongue;
use super::host::{self, Instance, Plugin};
use crate::{build, guests, root};

#[derive(Debug, Serialize)]
pub struct Language {
    pub name: &'static str,
    /// From source to a component, by the language's own tool, in seconds.
    pub build_s: f64,
    #[serde(flatten)]
    pub instance: Instance,
}

/// A language's guest to measure, and another one that shares its engine.
struct Sources {
    name: &'static str,
    guest: &'static str,
    other: &'static str,
}

const SCRIPTED: [Sources; 2] = [
    Sources {
        name: "TypeScript",
        guest: "tests/guests/bench-typescript/index.ts",
        other: "guest-examples/typescript/hello",
    },
    Sources { name: "Python", guest: "tests/guests/bench-python", other: "guest-examples/python/hello" },
];

/// The guest of a load: in Rust as it was built, else built here.
pub fn guest(tongue: Tongue, binary: &Path, folder: &Path) -> Result<Plugin> {
    let [typescript, python] = &SCRIPTED;
    let sources = match tongue {
        Tongue::Rust => return Ok(Plugin::guest("bench")),
        Tongue::Typescript => typescript,
        Tongue::Python => python,
    };
    let file = std::path::absolute(folder)?.join(format!("bench-{}.wasm", sources.name.to_lowercase()));
    build_s(binary, sources.guest, &file)?;
    Ok(Plugin { name: "bench".to_owned(), file })
}

/// `binary`: the host, which knows how to build each of them.
pub fn measure(binary: &Path, folder: &Path) -> Result<Vec<Language>> {
    let rust = host::instance(&guests::path("bench"), &guests::path("hello"))?;
    let mut languages = vec![Language { name: "Rust", build_s: rust_build_s()?, instance: rust }];
    for Sources { name, guest, other } in SCRIPTED {
        let component = |of: &str| -> PathBuf { folder.join(format!("{of}-{}.wasm", name.to_lowercase())) };
        // The first one fetches packages too.
        build_s(binary, other, &component("hello"))?;
        let build_s = build_s(binary, guest, &component("bench"))?;
        let instance = host::instance(&component("bench"), &component("hello"))?;
        languages.push(Language { name, build_s, instance });
    }
    Ok(languages)
}

fn build_s(binary: &Path, source: &str, out: &Path) -> Result<f64> {
    timed(Command::new(binary).current_dir(root()).args(["build", source, "-o"]).arg(out))
}

/// With its dependencies built, as when a line was changed.
fn rust_build_s() -> Result<f64> {
    let folder = root().join("tests/guests");
    let source = folder.join("bench/src/lib.rs");
    let text = std::fs::read(&source).with_context(|| format!("read {}", source.display()))?;
    std::fs::write(&source, text)?;
    let mut cargo = build::cargo();
    cargo.current_dir(folder).env_remove("CARGO_TARGET_DIR");
    timed(cargo.args(["build", "--release", "--quiet", "--target", "wasm32-wasip2", "--package", "bench"]))
}

fn timed(command: &mut Command) -> Result<f64> {
    let started = Instant::now();
    build::run(command)?;
    Ok(started.elapsed().as_secs_f64())
}
