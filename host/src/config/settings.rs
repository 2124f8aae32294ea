//! The table of settings: key, what it is for, how it is read and shown.

use std::path::PathBuf;

use super::value::{self, Value};
use super::{Config, Durability, LogFormat};
use crate::model::{Namespace, duration_text};
use crate::sandbox::InstanceMemory;

/// A setting. Its environment variable is `STEPWELL_` and the key in capitals.
pub struct Setting {
    pub key: &'static str,
    pub about: &'static str,
    /// How it is written in a file, by example.
    pub example: &'static str,
    pub(super) set: fn(&mut Config, Value) -> Result<(), String>,
    /// The value in force, as TOML; secrets are not told.
    pub show: fn(&Config) -> Option<String>,
}

/// The setting of that key.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

fn quoted(text: impl ToString) -> Option<String> {
    Some(format!("{:?}", text.to_string()))
}

pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "listen",
        about: "Address and port of the HTTP interface; port 0 takes any free one.",
        example: "\"127.0.0.1:8288\"",
        set: |config, value| Ok(config.listen = value::address(&value)?),
        show: |config| quoted(config.listen),
    },
    Setting {
        key: "data_dir",
        about: "Where the database and the plugins' versions are kept.",
        example: "\".stepwell\"",
        set: |config, value| Ok(config.data_dir = PathBuf::from(value.text()?)),
        show: |config| quoted(config.data_dir.display()),
    },
    Setting {
        key: "cache_dir",
        about: "Where compiled code is kept, if not in the data folder: hosts may share it.",
        example: "\"/var/cache/stepwell\"",
        set: |config, value| Ok(config.cache_dir = Some(PathBuf::from(value.text()?))),
        show: |config| config.cache_dir.as_ref().and_then(|dir| quoted(dir.display())),
    },
    Setting {
        key: "durability",
        about: "\"strict\": what was answered survives a power loss. \"relaxed\": the last milliseconds may not.",
        example: "\"strict\"",
        set: |config, value| {
            config.durability = match value.text()?.as_str() {
                "strict" => Durability::Strict,
                "relaxed" => Durability::Relaxed,
                other => return Err(format!("{other:?} is neither \"strict\" nor \"relaxed\"")),
            };
            Ok(())
        },
        show: |config| quoted(format!("{:?}", config.durability).to_lowercase()),
    },
    Setting {
        key: "workers",
        about: "Runs executing at once.",
        example: "256",
        set: |config, value| Ok(config.workers = value::count(&value, 1, 65_536)?),
        show: |config| Some(config.workers.to_string()),
    },
    Setting {
        key: "computing",
        about: "Instances that compute at once. Others wait for the host, or for their turn. The default is one more than there are processors.",
        example: "3",
        set: |config, value| Ok(config.computing = value::count(&value, 1, 1_024)?),
        show: |config| Some(config.computing.to_string()),
    },
    Setting {
        key: "instance_memory",
        about: "\"reset\": an instance's memory is wiped in place for the next one. \"fresh\": it goes back to the system, and starts take up to twice as long: for plugins of parties that must learn nothing of each other (docs/decisions/0008).",
        example: "\"reset\"",
        set: |config, value| {
            config.instance_memory = match value.text()?.as_str() {
                "reset" => InstanceMemory::Reset,
                "fresh" => InstanceMemory::Fresh,
                other => return Err(format!("{other:?} is neither \"reset\" nor \"fresh\"")),
            };
            Ok(())
        },
        show: |config| quoted(format!("{:?}", config.instance_memory).to_lowercase()),
    },
    Setting {
        key: "namespace",
        about: "Whose plugins, events and keys these are; nothing crosses it.",
        example: "\"default\"",
        set: |config, value| {
            config.namespace = Namespace::new(&value.text()?).map_err(|error| error.to_string())?;
            Ok(())
        },
        show: |config| quoted(&config.namespace),
    },
    Setting {
        key: "plugins_dir",
        about: "The folder of components that `serve` runs and watches.",
        example: "\"plugins\"",
        set: |config, value| Ok(config.plugins_dir = Some(PathBuf::from(value.text()?))),
        show: |config| config.plugins_dir.as_ref().and_then(|dir| quoted(dir.display())),
    },
    Setting {
        key: "event_keys",
        about: "Keys for sending events, in the path: POST /e/<key>.",
        example: "[\"a-long-random-text\"]",
        set: |config, value| Ok(config.event_keys = value::keys(value)?),
        show: |_| None,
    },
    Setting {
        key: "signing_key",
        about: "The key for everything but sending events: Authorization: Bearer <key>.",
        example: "\"another-long-random-text\"",
        set: |config, value| {
            let key = value.text()?;
            if key.is_empty() {
                return Err("it is empty: leave it out, or give a long random text".into());
            }
            Ok(config.signing_key = Some(key))
        },
        show: |_| None,
    },
    Setting {
        key: "deadline",
        about: "How long one attempt of a step, or one stretch of a body, may take.",
        example: "\"2h\"",
        set: |config, value| Ok(config.deadline_ms = value::duration_ms(&value)?),
        show: |config| quoted(duration_text(config.deadline_ms)),
    },
    Setting {
        key: "memory",
        about: "Memory of one instance of a plugin.",
        example: "\"256MiB\"",
        set: |config, value| Ok(config.memory_bytes = value::size_bytes(&value)?),
        show: |config| quoted(value::show_bytes(config.memory_bytes)),
    },
    Setting {
        key: "memory_total",
        about: "Memory of all instances together. An instance that would exceed it waits until others have ended. The default is half of the machine's memory.",
        example: "\"2GiB\"",
        set: |config, value| Ok(config.memory_total_bytes = value::total_bytes(&value)?),
        show: |config| quoted(value::show_bytes(config.memory_total_bytes)),
    },
    Setting {
        key: "retry_interval",
        about: "A constant delay before every retry, without jitter, in place of the table. For development.",
        example: "\"2s\"",
        set: |config, value| Ok(config.retry_interval_ms = Some(value::duration_ms(&value)?)),
        show: |config| config.retry_interval_ms.and_then(|ms| quoted(duration_text(ms))),
    },
    Setting {
        key: "log_format",
        about: "How the host writes its own log: \"human\" or \"json\".",
        example: "\"human\"",
        set: |config, value| {
            config.log_format = match value.text()?.as_str() {
                "human" => LogFormat::Human,
                "json" => LogFormat::Json,
                other => return Err(format!("{other:?} is neither \"human\" nor \"json\"")),
            };
            Ok(())
        },
        show: |config| quoted(format!("{:?}", config.log_format).to_lowercase()),
    },
];
