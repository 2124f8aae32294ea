//! Collects a source file of each scenario's folder into modules: adding a scenario is adding a folder.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Writes `modules.rs`, which has a module for each `<folder>/*/<file>` and a function that yields the functions of all.
pub fn collect(folder: &str, file: &str) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut sources: Vec<PathBuf> = Vec::new();
    for scenario in fs::read_dir(folder)? {
        let source = scenario?.path().join(file);
        if source.is_file() {
            sources.push(source);
        }
    }
    sources.sort();
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("modules.rs"), modules(&sources))
}

fn modules(sources: &[PathBuf]) -> String {
    let mut modules = String::new();
    let mut functions = String::new();
    for source in sources {
        let folder = source.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let module = folder.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_").to_lowercase();
        let _ = writeln!(modules, "#[path = {source:?}]\nmod scenario_{module};");
        let _ = writeln!(functions, "    functions.extend(scenario_{module}::functions());");
    }
    format!(
        "{modules}\nfn functions() -> Vec<stepwell::Function> {{\n    let mut functions = Vec::new();\n{functions}    \
         functions\n}}\n"
    )
}
