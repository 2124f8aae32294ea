//! The host's configuration: flag > environment > file > default.
//!
//! Every setting is one line of the table in [`settings`]; the file, the environment and the flags all go through it.

mod file;
mod machine;
mod plugin;
mod settings;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::limits;
use crate::model::{Namespace, PluginName};
use crate::sandbox::InstanceMemory;

pub use machine::cores;
pub use plugin::PluginConfig;
pub use settings::{SETTINGS, Setting};
pub use value::Value;

/// Inngest's port, so that its clients find the host.
pub const PORT_DEFAULT: u16 = 8_288;
/// The file that is read from the working folder when none is named.
pub const FILE_DEFAULT: &str = "stepwell.toml";

/// Writes that survive a power loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// All that was answered.
    Strict,
    /// All but the last milliseconds; nothing is lost when only the process dies.
    Relaxed,
}

/// How the host's own log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Human,
    Json,
}

/// All settings, checked.
#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    /// Where compiled code is kept, unless in the data folder: hosts may share it.
    pub cache_dir: Option<PathBuf>,
    pub durability: Durability,
    /// Runs executing at once.
    pub workers: usize,
    /// Instances that compute at once: of the runs that execute, the others wait for the host or for their turn.
    pub computing: usize,
    pub instance_memory: InstanceMemory,
    /// Keys for sending events; if empty, any key is accepted.
    pub event_keys: Vec<String>,
    /// The key for everything else; if absent, every request is accepted.
    pub signing_key: Option<String>,
    /// The folder whose components are live.
    pub plugins_dir: Option<PathBuf>,
    pub namespace: Namespace,
    /// For each attempt of a step and each stretch of the body, unless the plugin has its own.
    pub deadline_ms: u64,
    /// Of one instance, unless the plugin has its own.
    pub memory_bytes: usize,
    /// Of all instances together.
    pub memory_total_bytes: usize,
    /// A constant delay before each retry, without jitter, in place of the table.
    pub retry_interval_ms: Option<u64>,
    pub log_format: LogFormat,
    /// Grants and bounds of each plugin, by its name.
    pub plugins: BTreeMap<PluginName, PluginConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, PORT_DEFAULT)),
            data_dir: PathBuf::from(".stepwell"),
            cache_dir: None,
            durability: Durability::Strict,
            workers: limits::WORKERS_DEFAULT,
            computing: machine::cores() + limits::COMPUTING_BEYOND_CORES,
            instance_memory: InstanceMemory::Reset,
            event_keys: Vec::new(),
            signing_key: None,
            plugins_dir: None,
            namespace: Namespace::default(),
            deadline_ms: limits::DEADLINE_DEFAULT_MS,
            memory_bytes: limits::MEMORY_DEFAULT_BYTES,
            memory_total_bytes: machine::memory_bytes().map_or(limits::MEMORY_TOTAL_DEFAULT_BYTES, |bytes| bytes / 2),
            retry_interval_ms: None,
            log_format: LogFormat::Human,
            plugins: BTreeMap::new(),
        }
    }
}

/// Keys and granted values are secrets: they are counted, not shown.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .field("durability", &self.durability)
            .field("workers", &self.workers)
            .field("event_keys", &self.event_keys.len())
            .field("signing_key", &self.signing_key.is_some())
            .field("plugins_dir", &self.plugins_dir)
            .field("namespace", &self.namespace)
            .field("plugins", &self.plugins.keys())
            .finish_non_exhaustive()
    }
}

/// Where a setting was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    File { path: PathBuf, line: usize },
    Environment(String),
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {problem}", path = path.display())]
    Unreadable { path: PathBuf, problem: String },
    #[error("{path}:{line}: {problem}", path = path.display())]
    Syntax { path: PathBuf, line: usize, problem: String },
    #[error("{origin}: unknown key `{key}`{}", hint.as_ref().map(|hint| format!(", did you mean `{hint}`?")).unwrap_or_default())]
    UnknownKey { origin: Origin, key: String, hint: Option<String> },
    #[error("{origin}: `{key}`: {problem}")]
    BadValue { origin: Origin, key: String, problem: String },
    #[error(
        "{listen} can be reached from other machines, so keys are needed: set `event_keys` and `signing_key`, or listen on 127.0.0.1"
    )]
    NoKeys { listen: SocketAddr },
}

/// A setting given by flag: its key, and the text behind the flag.
pub type Flag = (&'static str, String);

impl Config {
    /// Reads the file (`file`, else `stepwell.toml` in the working folder where there is one), the environment, the
    /// flags, each overriding what was before.
    pub fn load(file: Option<&Path>, environment: &BTreeMap<String, String>, flags: &[Flag]) -> Result<Self, Error> {
        let mut config = Self::default();
        match file {
            Some(path) => file::read_into(&mut config, path, environment)?,
            None if Path::new(FILE_DEFAULT).is_file() => {
                file::read_into(&mut config, Path::new(FILE_DEFAULT), environment)?;
            }
            None => {}
        }
        read_environment(&mut config, environment)?;
        for (key, text) in flags {
            let origin = || Origin::Flag(format!("--{}", key.replace('_', "-")));
            let setting = settings::find(key).ok_or_else(|| unknown(origin(), key))?;
            set(&mut config, setting, Value::Text(text.clone()), origin)?;
        }
        Ok(config)
    }

    /// The configuration of the environment alone; an invalid value stays at its default.
    pub fn of_environment(environment: &BTreeMap<String, String>) -> Self {
        let mut config = Self::default();
        for (name, text) in environment {
            let _ = read_environment(&mut config, &BTreeMap::from([(name.clone(), text.clone())]));
        }
        config
    }

    /// Refuses to be reached from other machines by anybody who likes.
    pub fn check_keys(&self) -> Result<(), Error> {
        let has_keys = !self.event_keys.is_empty() && self.signing_key.is_some();
        if self.is_loopback() || has_keys { Ok(()) } else { Err(Error::NoKeys { listen: self.listen }) }
    }

    /// Whether only this machine can reach the host.
    pub fn is_loopback(&self) -> bool {
        self.listen.ip().is_loopback()
    }
}

/// Variables that begin with `STEPWELL_` and are no setting of the host.
const OTHER_VARIABLES: [&str; 4] = ["STEPWELL_CONFIG", "STEPWELL_LOG", "STEPWELL_URL", "STEPWELL_EVENT_KEY"];

fn read_environment(config: &mut Config, environment: &BTreeMap<String, String>) -> Result<(), Error> {
    for (name, text) in environment {
        let Some(rest) = name.strip_prefix("STEPWELL_").filter(|_| !OTHER_VARIABLES.contains(&name.as_str())) else {
            continue;
        };
        let key = rest.to_ascii_lowercase();
        let origin = || Origin::Environment(name.clone());
        match settings::find(&key) {
            Some(setting) => set(config, setting, Value::Text(text.clone()), origin)?,
            // Others may use the prefix for their own ends; what is nearly a setting of ours is meant as one.
            None => refuse_near_miss(origin(), &key)?,
        }
    }
    Ok(())
}

fn refuse_near_miss(origin: Origin, key: &str) -> Result<(), Error> {
    let near = SETTINGS.iter().map(|setting| setting.key).find(|known| strsim::osa_distance(known, key) <= 2);
    match near {
        Some(near) => Err(Error::UnknownKey { origin, key: key.to_owned(), hint: Some(near.to_owned()) }),
        None => Ok(()),
    }
}

fn set(config: &mut Config, setting: &Setting, value: Value, origin: impl FnOnce() -> Origin) -> Result<(), Error> {
    (setting.set)(config, value).map_err(|problem| Error::BadValue {
        origin: origin(),
        key: setting.key.to_owned(),
        problem,
    })
}

fn unknown(origin: Origin, key: &str) -> Error {
    let known = SETTINGS.iter().map(|setting| setting.key).chain(["plugins"]);
    Error::UnknownKey { origin, key: key.to_owned(), hint: closest(key, known) }
}

/// The known word that is nearest to what was written, if any is near.
pub(crate) fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests;
