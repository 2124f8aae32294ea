//! The command line: talks to people.
//!
//! stdout is data, everything else goes to stderr. Exit codes: 0 ok · 1 unexpected · 2 usage · 3 the run failed ·
//! 4 not found · 5 host unreachable · 130 interrupted; a reader that has gone away is no error.

mod build;
mod cancel;
mod check;
mod client;
mod config;
mod dev;
mod doctor;
mod failures;
mod flags;
mod functions;
mod guest;
mod new;
mod paint;
mod plugins;
mod runs;
mod send;
mod serve;
mod story;
mod table;
mod view;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use serde_json::Value;

use crate::config::LogFormat;
use crate::model::{Json, read_json};
use crate::sandbox;
use crate::telemetry::{self, Voice};

use paint::Paint;

/// Reads JSON that a person typed. The error goes on from a colon; the host would refuse the text too.
fn typed_json(text: &str) -> Result<Value, String> {
    Json::check(text).map_err(|error| format!("it is {error}"))?;
    read_json(text).map_err(|error| error.to_string())
}

#[derive(Debug, Parser)]
#[command(name = "stepwell", version, about = "A durable-function host for WebAssembly components")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a host for development: on this machine only, without keys, rebuilding and swapping guests as they change.
    Dev(dev::Options),
    /// Make a folder to start a plugin with.
    New(new::Options),
    /// Build a plugin from its source.
    Build(build::Options),
    /// Say what is there to build plugins with, and how to get what is missing.
    Doctor(doctor::Options),
    /// Run a host.
    Serve(serve::Options),
    /// Send an event, and with --wait follow what comes of it.
    Send(send::Options),
    /// Look at runs.
    #[command(subcommand)]
    Runs(runs::Command),
    /// Look at what failed for good.
    #[command(subcommand)]
    Failures(failures::Command),
    /// Look at functions.
    #[command(subcommand)]
    Functions(functions::Command),
    /// Look at plugins.
    #[command(subcommand)]
    Plugins(plugins::Command),
    /// Say whether a component is a plugin, what functions it has and what it asks for.
    Check(check::Options),
    /// Say what can be set, and what is.
    #[command(subcommand)]
    Config(config::Command),
    /// Compile a component for the host that started this process.
    #[command(name = sandbox::COMPILE_COMMAND, hide = true)]
    Compile { input: PathBuf, output: PathBuf, functions: Option<PathBuf> },
}

/// Exit codes of commands beside success and an error of their own.
#[derive(Debug, thiserror::Error)]
enum Ending {
    #[error("{0}")]
    Usage(String),
    #[error("a run failed")]
    RunFailed,
    #[error("{0}")]
    NotFound(String),
    #[error("the host at {url} cannot be reached")]
    Unreachable { url: String },
    #[error("{problem}")]
    Hinted { problem: String, hint: String },
}

const USAGE: u8 = 2;

impl Ending {
    fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::RunFailed => 3,
            Self::NotFound(_) => 4,
            Self::Unreachable { .. } => 5,
            Self::Hinted { .. } => 1,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Unreachable { .. } => {
                Some("start one with `stepwell dev`, or say where it is with --url or STEPWELL_URL")
            }
            Self::Hinted { hint, .. } => Some(hint),
            _ => None,
        }
    }
}

/// Parses the arguments, runs the command, tells what went wrong.
pub fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => tell(&error),
    }
}

fn run(command: Command) -> Result<ExitCode> {
    // Hosts know from their configuration how to log.
    if !matches!(command, Command::Dev(_) | Command::Serve(_)) {
        telemetry::start(LogFormat::Human, Voice::Quiet);
    }
    match command {
        Command::Dev(options) => block_on(Threads::Host { computing: options.host.computing() }, dev::run(options)),
        Command::New(options) => new::run(&options),
        Command::Build(options) => block_on(Threads::One, build::run(options)),
        Command::Doctor(options) => doctor::run(&options),
        Command::Serve(options) => block_on(Threads::Host { computing: options.host.computing() }, serve::run(options)),
        Command::Send(options) => block_on(Threads::One, send::run(options)),
        Command::Runs(command) => block_on(Threads::One, runs::run(command)),
        Command::Failures(command) => block_on(Threads::One, failures::run(command)),
        Command::Functions(command) => block_on(Threads::One, functions::run(command)),
        Command::Plugins(command) => block_on(Threads::One, plugins::run(command)),
        Command::Check(options) => block_on(Threads::Many, check::run(options)),
        Command::Config(command) => config::run(command),
        Command::Compile { input, output, functions } => {
            Ok(sandbox::compile_child_main(&input, &output, functions.as_deref()))
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Threads {
    One,
    Many,
    /// So many for guests that compute, and beside them one for each processor: the host goes on whatever guests do.
    Host {
        computing: usize,
    },
}

fn block_on(threads: Threads, future: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    let mut builder = match threads {
        Threads::One => tokio::runtime::Builder::new_current_thread(),
        Threads::Many | Threads::Host { .. } => tokio::runtime::Builder::new_multi_thread(),
    };
    if let Threads::Host { computing } = threads {
        builder.worker_threads(crate::config::cores() + computing);
    }
    let runtime = builder.enable_all().build().context("start the runtime")?;
    let code = runtime.block_on(future);
    // Work that still runs after a graceful stop has been waited for long enough.
    runtime.shutdown_background();
    code
}

/// Writes a red line, the causes by number, a hint; returns the exit code.
fn tell(error: &anyhow::Error) -> ExitCode {
    let is_broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(is_broken_pipe) {
        return ExitCode::SUCCESS;
    }
    let ending = error.downcast_ref::<Ending>();
    // The story has been told already.
    if !matches!(ending, Some(Ending::RunFailed)) {
        let paint = Paint::stderr();
        eprintln!("{} {error}", paint.red("error:"));
        let causes: Vec<_> = error.chain().skip(1).collect();
        for (n, cause) in causes.iter().enumerate() {
            eprintln!("  {}. {cause}", n + 1);
        }
        if let Some(hint) = ending.and_then(Ending::hint) {
            eprintln!("{} {hint}", paint.cyan("hint:"));
        }
    }
    let unexpected = if error.is::<crate::config::Error>() { USAGE } else { 1 };
    ExitCode::from(ending.map_or(unexpected, Ending::code))
}
