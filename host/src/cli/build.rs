//! `stepwell build`: from source to a component.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;

use super::Ending;
use super::guest::{Guest, Wish};
use super::paint::Paint;

#[derive(Debug, Args)]
pub struct Options {
    /// A project's folder, or a module in TypeScript or Python
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Where the component is to be [default: where the language's tool puts it]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Take `inngest` for the SDK's module of that name
    #[arg(long)]
    inngest: bool,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let Some(guest) = Guest::at(&options.path) else {
        return Err(no_guest(&options.path.display().to_string()).into());
    };
    let built = guest.build(&Wish { out: options.out, inngest: options.inngest, inputs: None }).await?;
    let paint = Paint::stderr();
    for built in built {
        let size = std::fs::metadata(&built.path).with_context(|| format!("read {}", built.path.display()))?.len();
        let megabytes = size as f64 / 1e6;
        let path = built.path.strip_prefix(std::env::current_dir()?).unwrap_or(&built.path).display();
        eprintln!(
            "{} {} {path} {}",
            paint.green("✓"),
            paint.bold(built.plugin),
            paint.dim(format!("{megabytes:.1} MB"))
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn no_guest(path: &str) -> Ending {
    Ending::Usage(format!(
        "{path}: no folder with a Cargo.toml, a package.json or an app.py, and no module in TypeScript or Python"
    ))
}
