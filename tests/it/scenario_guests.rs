//! The scenarios' functions as components, in each language that plugins are written in.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use libtest_mimic::Failed;

use crate::languages::all;
use crate::{guests, python, typescript};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Rust,
    TypeScript,
    Python,
}

/// The functions of all scenarios: those of `app`, and those of `other`.
#[derive(Clone)]
pub struct Guests {
    pub app: Arc<[u8]>,
    pub other: Arc<[u8]>,
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
            Self::Python => "python",
        })
    }
}

impl Language {
    pub const ALL: [Self; 3] = [Self::Rust, Self::TypeScript, Self::Python];

    /// How sources end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Rust => "rs",
            Self::TypeScript => "ts",
            Self::Python => "py",
        }
    }

    /// The components, or what this machine lacks to build them.
    pub fn guests(self) -> Result<Result<Guests, String>, Failed> {
        static TYPESCRIPT: OnceLock<Result<Result<Guests, String>, String>> = OnceLock::new();
        static PYTHON: OnceLock<Result<Result<Guests, String>, String>> = OnceLock::new();
        let said = |failed: Failed| failed.message().unwrap_or_default().to_owned();
        match self {
            Self::Rust => Ok(Ok(Guests { app: guests::bytes("scenarios"), other: guests::bytes("other") })),
            Self::TypeScript => Ok(TYPESCRIPT.get_or_init(|| typescript().map_err(said)).clone()?),
            Self::Python => Ok(PYTHON.get_or_init(|| python().map_err(said)).clone()?),
        }
    }
}

fn typescript() -> Result<Result<Guests, String>, Failed> {
    const GUEST: &str = "tests/guests/scenarios-typescript";
    let folder = match typescript::built()? {
        Ok(folder) => folder,
        Err(missing) => return Ok(Err(missing.clone())),
    };
    let sources = sources(&[GUEST, "tests/scenarios"], &["ts", "mjs", "json"])?;
    let guest = folder.join(GUEST);
    let build = || {
        copy(&sources, folder)?;
        for name in ["function", "other"] {
            let collect =
                Command::new("node").args(["collect.mjs", &format!("{name}.ts")]).current_dir(&guest).output()?;
            assert!(collect.status.success(), "{}", String::from_utf8_lossy(&collect.stderr));
            fs::write(guest.join(format!("{name}.ts")), collect.stdout)?;
            let entry = format!("node ../../../sdk/typescript/dist/build/cli.js {name}.ts -o dist/{name}.wasm");
            all(&[&entry], &guest)?;
        }
        Ok(all(&["node ../../../sdk/typescript/node_modules/typescript/bin/tsc --project ."], &guest)?)
    };
    once(&guest.join("built-of"), &sources, &[], build)?;
    Ok(Ok(Guests { app: read(&guest.join("dist/function.wasm"))?, other: read(&guest.join("dist/other.wasm"))? }))
}

fn python() -> Result<Result<Guests, String>, Failed> {
    const GUEST: &str = "tests/guests/scenarios-python";
    let tools = match python::tools()? {
        Ok(tools) => tools,
        Err(missing) => return Ok(Err(missing)),
    };
    let sources = sources(&[GUEST, "tests/scenarios", "sdk/python/src"], &["py"])?;
    let guest = tools.folder.join("scenarios");
    let build = || {
        for name in ["function", "other"] {
            let (folder, out) = (guest.join(name), guest.join(format!("{name}.wasm")));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder)?;
            let collect = guests::root().join(GUEST).join("collect.py");
            let collect = format!("python3 {} {name}.py {}", collect.display(), folder.display());
            all(&[&collect], Path::new("."))?;
            tools.build(&folder.join("app.py"), &out)?;
        }
        Ok(())
    };
    once(&guest.join("built-of"), &sources, &tools.requirements, build)?;
    Ok(Ok(Guests { app: read(&guest.join("function.wasm"))?, other: read(&guest.join("other.wasm"))? }))
}

/// Builds, unless what was built is of the same sources.
fn once(
    built_of: &Path,
    sources: &[PathBuf],
    with: &[u8],
    build: impl FnOnce() -> Result<(), Failed>,
) -> Result<(), Failed> {
    let files = sources.iter().map(|file| fs::read(guests::root().join(file)));
    let mut inputs = files.collect::<Result<Vec<_>, _>>()?.concat();
    inputs.extend(with);
    if fs::read(built_of).is_ok_and(|before| before == inputs) {
        return Ok(());
    }
    build()?;
    Ok(fs::write(built_of, inputs)?)
}

/// Files with these endings below folders of the repository, by their paths in it.
fn sources(folders: &[&str], endings: &[&str]) -> Result<Vec<PathBuf>, Failed> {
    let mut waiting: Vec<_> = folders.iter().map(PathBuf::from).collect();
    let mut files = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(guests::root().join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|end| endings.iter().any(|ending| end == *ending)) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn copy(files: &[PathBuf], folder: &Path) -> Result<(), Failed> {
    // A source that is gone is not to be collected.
    let _ = fs::remove_dir_all(folder.join("tests/scenarios"));
    for file in files {
        let copy = folder.join(file);
        fs::create_dir_all(copy.parent().expect("a file is in a folder"))?;
        fs::copy(guests::root().join(file), copy)?;
    }
    Ok(())
}

fn read(component: &Path) -> Result<Arc<[u8]>, Failed> {
    Ok(fs::read(component)?.into())
}
