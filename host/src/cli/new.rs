//! `stepwell new`: a folder to start a plugin with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;

use super::Ending;
use super::guest::{Language, sdk};
use super::paint::Paint;
use crate::model::PluginName;

#[derive(Debug, Args)]
pub struct Options {
    /// The folder, whose name names the plugin
    folder: PathBuf,
    /// The plugin's language
    #[arg(long, value_enum)]
    lang: Language,
}

/// Where a file goes, and what is in it.
type File = (&'static str, &'static str);

const EVENT: File = ("event.json", include_str!("../../templates/event.json.in"));
const README: File = ("README.md", include_str!("../../templates/README.md.in"));

const RUST: &[File] = &[
    ("Cargo.toml", include_str!("../../templates/rust/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../../templates/rust/src/lib.rs.in")),
    (".gitignore", "target\n.stepwell\n"),
];
const TYPESCRIPT: &[File] = &[
    ("package.json", include_str!("../../templates/typescript/package.json.in")),
    ("tsconfig.json", include_str!("../../templates/typescript/tsconfig.json.in")),
    ("src/index.ts", include_str!("../../templates/typescript/src/index.ts.in")),
    ("tests/welcome.test.ts", include_str!("../../templates/typescript/tests/welcome.test.ts.in")),
    (".gitignore", "node_modules\ndist\n.stepwell\n"),
];
const PYTHON: &[File] = &[
    ("requirements.txt", include_str!("../../templates/python/requirements.txt.in")),
    ("app.py", include_str!("../../templates/python/app.py.in")),
    ("test_app.py", include_str!("../../templates/python/test_app.py.in")),
    (".gitignore", ".venv\n__pycache__\ndist\n.stepwell\n"),
];

pub fn run(options: &Options) -> Result<ExitCode> {
    let Options { folder, lang } = options;
    let name = plugin_name(folder)?;
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(Ending::Usage(format!("{} is there already: name a new folder", folder.display())).into());
    }
    let sdk = sdk::dependency(*lang, &sdk::of(*lang));
    let dist = format!("dist/{name}.wasm");
    let (files, source, test, component) = match lang {
        Language::Rust => {
            let file = name.as_str().replace('-', "_");
            (RUST, "src/lib.rs", "cargo test", format!("target/wasm32-wasip2/release/{file}.wasm"))
        }
        Language::TypeScript => (TYPESCRIPT, "src/index.ts", "npm test", dist),
        Language::Python => (PYTHON, "app.py", ".venv/bin/python -m unittest", dist),
    };
    for (path, text) in files.iter().chain([&EVENT, &README]) {
        let values =
            [("name", name.as_str()), ("sdk", &sdk), ("source", source), ("test", test), ("component", &component)];
        let text = values.iter().fold((*text).to_owned(), |text, (key, value)| text.replace(&placeholder(key), value));
        write(&folder.join(path), &text)?;
    }
    let paint = Paint::stderr();
    eprintln!("{} {} is there; next:", paint.green("✓"), paint.bold(folder.display()));
    eprintln!("  cd {}\n  stepwell dev .", folder.display());
    eprintln!("  stepwell send app/user.signed-up @event.json --wait   {}", paint.dim("# in another terminal"));
    Ok(ExitCode::SUCCESS)
}

fn placeholder(key: &str) -> String {
    format!("{{{{{key}}}}}")
}

/// A name that is one to all languages' package managers.
fn plugin_name(folder: &Path) -> Result<PluginName> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let is_taken = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
    if !name.starts_with(|letter: char| letter.is_ascii_lowercase()) || !name.chars().all(is_taken) {
        let problem = format!(
            "the folder's name names the plugin: lowercase letters, digits, - and _, a letter first, and not {name:?}"
        );
        return Err(Ending::Usage(problem).into());
    }
    let refuse = |error| Ending::Usage(format!("the folder's name names the plugin: {error}"));
    Ok(PluginName::new(&name).map_err(refuse)?)
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
