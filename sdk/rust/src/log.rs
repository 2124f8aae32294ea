//! The run's log.

use crate::bindings::stepwell::plugin::log;
use crate::host::Host;
use serde::Serialize;

pub use log::Level;

/// The run's log. A line that the body writes is kept once, however often the body is replayed.
///
/// ```
/// # use stepwell::{Level, Log};
/// # fn body(log: Log) {
/// log.info("two images are missing");
/// log.write(Level::Warn, "slow shop", &serde_json::json!({ "seconds": 12 }));
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Log {
    host: &'static dyn Host,
}

impl Log {
    pub(crate) fn new(host: &'static dyn Host) -> Self {
        Self { host }
    }

    /// Logs a detail that only someone who looks for a fault wants to read.
    pub fn debug(&self, message: impl AsRef<str>) {
        self.host.write_log(Level::Debug, message.as_ref(), "{}");
    }

    /// Logs an event of ordinary work.
    pub fn info(&self, message: impl AsRef<str>) {
        self.host.write_log(Level::Info, message.as_ref(), "{}");
    }

    /// Logs something that should not happen but is handled.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.host.write_log(Level::Warn, message.as_ref(), "{}");
    }

    /// Logs an error.
    pub fn error(&self, message: impl AsRef<str>) {
        self.host.write_log(Level::Error, message.as_ref(), "{}");
    }

    /// A line with fields of its own: a struct or a map.
    pub fn write(&self, level: Level, message: impl AsRef<str>, fields: &impl Serialize) {
        let fields = crate::error::object(serde_json::to_value(fields));
        self.host.write_log(level, message.as_ref(), &fields);
    }
}
