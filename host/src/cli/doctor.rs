//! `stepwell doctor`: what is there to build plugins with, and how to get what is missing.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::guest::{Language, sdk};
use super::paint::Paint;

#[derive(Debug, Args)]
pub struct Options {
    /// Only what this language takes; exit code 1 if some of it is missing
    #[arg(long, value_enum)]
    lang: Option<Language>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The needs of a language, and whether they are met.
struct Finding {
    what: &'static str,
    /// Its version, or what is wrong with it.
    found: Result<String, String>,
    cure: &'static str,
    is_needed: bool,
}

pub fn run(options: &Options) -> Result<ExitCode> {
    let languages = match &options.lang {
        Some(language) => vec![*language],
        None => vec![Language::Rust, Language::TypeScript, Language::Python],
    };
    let findings: Vec<_> = languages.iter().map(|language| (*language, examine(*language))).collect();
    if options.json {
        let report: serde_json::Map<_, _> =
            findings.iter().map(|(language, findings)| (title(*language).to_owned(), to_json(findings))).collect();
        writeln!(io::stdout(), "{}", serde_json::Value::Object(report))?;
    } else {
        tell(&findings)?;
    }
    let is_whole = |findings: &[Finding]| findings.iter().all(|finding| finding.found.is_ok() || !finding.is_needed);
    let is_fit = findings.iter().any(|(_, findings)| is_whole(findings));
    Ok(if is_fit { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const fn title(language: Language) -> &'static str {
    match language {
        Language::Rust => "Rust",
        Language::TypeScript => "TypeScript",
        Language::Python => "Python",
    }
}

fn to_json(findings: &[Finding]) -> serde_json::Value {
    let entry = |finding: &Finding| {
        let (found, problem) = (finding.found.as_ref().ok(), finding.found.as_ref().err());
        json!({ "what": finding.what, "found": found, "problem": problem, "cure": finding.cure, "needed": finding.is_needed })
    };
    findings.iter().map(entry).collect()
}

fn tell(findings: &[(Language, Vec<Finding>)]) -> io::Result<()> {
    let paint = Paint::stdout();
    let mut out = io::stdout().lock();
    for (language, findings) in findings {
        writeln!(out, "{}", paint.bold(title(*language)))?;
        for Finding { what, found, cure, is_needed } in findings {
            match found {
                Ok(found) => writeln!(out, "  {} {what}  {}", paint.green("✓"), paint.dim(found))?,
                Err(problem) => {
                    let sign = if *is_needed { paint.red("✗") } else { paint.yellow("–") };
                    let rank = if *is_needed { "" } else { ", which is optional" };
                    writeln!(out, "  {sign} {what}{rank}: {problem}\n    {} {cure}", paint.cyan("to get it:"))?;
                }
            }
        }
    }
    Ok(())
}

fn examine(language: Language) -> Vec<Finding> {
    let mut findings = match language {
        Language::Rust => rust(),
        Language::TypeScript => typescript(),
        Language::Python => python(),
    };
    let found = match sdk::of(language) {
        sdk::Source::Folder(folder) => folder.display().to_string(),
        sdk::Source::Registry => format!("{} from the registry", env!("CARGO_PKG_VERSION")),
    };
    findings.push(Finding { what: "SDK for new projects", found: Ok(found), cure: "", is_needed: true });
    findings
}

fn rust() -> Vec<Finding> {
    let target = said("rustc", &["--print", "target-libdir", "--target", "wasm32-wasip2"]).and_then(|folder| {
        if Path::new(&folder).exists() { Ok("installed".to_owned()) } else { Err("it is not installed".to_owned()) }
    });
    vec![
        need("cargo", said("cargo", &["--version"]), "install the Rust toolchain: https://rustup.rs"),
        need("target wasm32-wasip2", target, "rustup target add wasm32-wasip2"),
        Finding {
            is_needed: false,
            ..need(
                "cargo-component",
                said("cargo", &["component", "--version"]),
                "cargo install cargo-component --locked",
            )
        },
    ]
}

fn typescript() -> Vec<Finding> {
    const NODE_MIN: u32 = 20;
    let node = said("node", &["--version"]).and_then(|version| {
        let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major >= Some(NODE_MIN) { Ok(version) } else { Err(format!("it is {version}, and {NODE_MIN} is needed")) }
    });
    vec![
        need("node 20 or later", node, "install Node.js: https://nodejs.org"),
        need("npm", said("npm", &["--version"]), "it comes with Node.js; on Debian: apt install npm"),
    ]
}

fn python() -> Vec<Finding> {
    let version =
        said("python3", &["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]).and_then(|version| {
            let (major, rest) = version.split_once('.').unwrap_or_default();
            let minor = rest.split('.').next().and_then(|minor| minor.parse::<u32>().ok());
            let is_enough = major == "3" && minor >= Some(11);
            if is_enough { Ok(version) } else { Err(format!("it is {version}, and 3.11 is needed")) }
        });
    let venv = said("python3", &["-c", "import venv, ensurepip; print('installed')"]);
    vec![
        need("python3 3.11 or later", version, "install Python: https://www.python.org/downloads"),
        need("venv and pip", venv, "on Debian: apt install python3-venv"),
    ]
}

fn need(what: &'static str, found: Result<String, String>, cure: &'static str) -> Finding {
    Finding { what, found, cure, is_needed: true }
}

/// The first line that a tool says; or why it says none.
fn said(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "it is not installed".to_owned(),
        _ => error.to_string(),
    })?;
    let first_line = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().trim().to_owned();
    if output.status.success() { Ok(first_line(&output.stdout)) } else { Err(first_line(&output.stderr)) }
}
