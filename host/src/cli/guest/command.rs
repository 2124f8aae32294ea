//! Running a language's tools.

use std::io;
use std::path::Path;
use std::process::{Output, Stdio};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::super::Ending;

/// A tool, in a folder.
pub fn tool(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs a tool and returns its stdout; its stderr is ours, so that people see a compiler's words as they come. `what`
/// is what the tool belongs to, as "the Rust toolchain".
pub async fn heard(mut command: Command, what: &str) -> Result<Output> {
    // Not `Command::output`, which takes stderr for itself whatever was asked for.
    let child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    match child {
        Ok(child) => child.wait_with_output().await.with_context(|| format!("wait for {name}")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing(&name, what)),
        Err(error) => Err(error).with_context(|| format!("start {name}")),
    }
}

/// Runs a tool to its end; an error with this problem where it fails.
pub async fn run(command: Command, what: &str, problem: &str) -> Result<()> {
    let output = heard(command, what).await?;
    if !output.status.success() {
        bail!("{problem}");
    }
    Ok(())
}

fn missing(name: &str, what: &str) -> anyhow::Error {
    let problem = format!("{name} is not there: {what} is needed");
    Ending::Hinted { problem, hint: "`stepwell doctor` says what is missing and how to get it".into() }.into()
}
