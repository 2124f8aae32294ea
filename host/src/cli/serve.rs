//! `stepwell serve`: a host for production.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;

use super::flags;
use crate::config::{Config, LogFormat};
use crate::model::SystemClock;
use crate::server::{Host, Signals, World, signals};
use crate::telemetry::{self, Voice};

#[derive(Debug, Args)]
pub struct Options {
    /// The folder of components that are live; changes to it are followed
    #[arg(long, value_name = "DIR")]
    plugins: Option<String>,
    /// Keys for sending events, several with commas. Needed off loopback
    #[arg(long, value_name = "KEY")]
    event_key: Vec<String>,
    /// The key for everything but sending events. Needed off loopback
    #[arg(long, value_name = "KEY")]
    signing_key: Option<String>,
    #[command(flatten)]
    pub(super) host: flags::Host,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let event_keys = (!options.event_key.is_empty()).then(|| options.event_key.join(","));
    let given = [("plugins_dir", options.plugins), ("event_keys", event_keys), ("signing_key", options.signing_key)];
    let more = given.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let config = options.host.load(more)?;
    config.check_keys()?;
    telemetry::start(config.log_format, Voice::Host);
    // Before anything is started: a signal that comes while plugins are compiled is not lost.
    let mut stop = signals().context("listen for signals")?;
    let format = config.log_format;
    let host = tokio::select! {
        host = Host::start(config, world()?) => host?,
        () = stop.wait() => return Ok(ExitCode::SUCCESS),
    };
    announce(&host, format);
    stop.wait().await;
    leave(host, &mut stop).await
}

/// The system's clock and randomness.
pub fn world() -> Result<World> {
    let compiler = std::env::current_exe().context("find this executable")?;
    Ok(World { clock: Arc::new(SystemClock), seed: None, compiler })
}

/// The one line that programs wait for.
pub fn announce(host: &Host, format: LogFormat) {
    let Some(address) = host.address() else { return };
    match format {
        LogFormat::Human => eprintln!("listening on http://{address}"),
        LogFormat::Json => tracing::info!(%address, "listening on http://{address}"),
    }
}

/// Stops gracefully; when asked a second time, at once.
pub async fn leave(host: Host, stop: &mut Signals) -> Result<ExitCode> {
    eprintln!("stopping; once more to stop at once");
    tokio::select! {
        () = host.stop() => Ok(ExitCode::SUCCESS),
        () = stop.wait() => Ok(ExitCode::from(130)),
    }
}

/// Where a host can be asked without being told who asks.
pub fn without_keys(mut config: Config) -> Config {
    config.event_keys.clear();
    config.signing_key = None;
    config
}
