//! The host's own log, on stderr: for people, or as JSON. Runs have logs of their own, in the store.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// The variable that says what is logged, in the syntax of `tracing`: `debug`, `stepwell::executor=trace,warn`.
pub const FILTER_VARIABLE: &str = "STEPWELL_LOG";

/// The log filter unless the variable says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// A host: what people want to know of it.
    Host,
    /// Anything else: what went wrong.
    Quiet,
}

/// Starts logging. Later calls change nothing.
pub fn start(format: LogFormat, voice: Voice) {
    let default = match voice {
        Voice::Host => "warn,stepwell=info",
        Voice::Quiet => "error",
    };
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    // An error says that logging has been started before.
    let _ = match format {
        LogFormat::Human => builder.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
