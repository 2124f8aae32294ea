//! Flags that several commands have.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::config::{Config, Flag};

/// The settings of a host. What is not given comes from the environment, the file, or the default.
#[derive(Debug, Args)]
pub struct Host {
    /// The configuration file [default: stepwell.toml, where there is one]
    #[arg(long, env = "STEPWELL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes any free one [default: 127.0.0.1:8288]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where the database and the plugins' versions are kept [default: .stepwell]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Where compiled code is kept [default: in the data folder]
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<String>,
    /// strict: what was answered survives a power loss. relaxed: the last milliseconds may not [default: strict]
    #[arg(long, value_name = "HOW")]
    durability: Option<String>,
    /// Runs executing at once [default: 256]
    #[arg(long, value_name = "N")]
    workers: Option<String>,
    /// The namespace of the plugins and events [default: default]
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// How long an attempt of a step, or a stretch of a body, may take [default: 2h]
    #[arg(long, value_name = "DURATION")]
    deadline: Option<String>,
    /// Memory of one instance [default: 256MiB]
    #[arg(long, value_name = "SIZE")]
    memory: Option<String>,
    /// A constant delay before every retry, in seconds or as "500ms", in place of the table
    #[arg(long, value_name = "SECONDS")]
    retry_interval: Option<String>,
    /// How the host logs: human or json [default: human]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl Host {
    /// Instances that compute at once, as the file or the environment says. What is wrong there is told by
    /// [`Host::load`].
    pub fn computing(&self) -> usize {
        let config = Config::load(self.config.as_deref(), &environment(), &[]);
        config.unwrap_or_default().computing
    }

    /// The configuration with these flags, and further ones, over it.
    pub fn load(self, more: Vec<Flag>) -> Result<Config> {
        let given = [
            ("listen", self.listen),
            ("data_dir", self.data_dir),
            ("cache_dir", self.cache_dir),
            ("durability", self.durability),
            ("workers", self.workers),
            ("namespace", self.namespace),
            ("deadline", self.deadline),
            ("memory", self.memory),
            ("retry_interval", self.retry_interval),
            ("log_format", self.log_format),
        ];
        let given = given.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let flags: Vec<Flag> = given.chain(more).collect();
        Ok(Config::load(self.config.as_deref(), &environment(), &flags)?)
    }
}

/// Which host is asked.
#[derive(Debug, Args)]
pub struct Target {
    /// The host [default: where this folder's configuration listens, else http://127.0.0.1:8288]
    #[arg(long, env = "STEPWELL_URL", value_name = "URL")]
    pub url: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The environment, without what is not text.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
