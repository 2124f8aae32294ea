//! The definition of a function, as far as the test host heeds it.

use super::policy::Policy;
use crate::Function;
use serde::Deserialize;
use serde_json::Value;

pub(super) struct Definition {
    /// Where its function is among the host's.
    pub(super) place: usize,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) has_failure_handler: bool,
    pub(super) policy: Policy,
    pub(super) options: Options,
}

#[derive(Deserialize)]
pub(super) struct Options {
    pub(super) triggers: Vec<Trigger>,
    #[serde(default)]
    pub(super) cancel_on: Vec<Ending>,
    #[serde(default)]
    pub(super) timeouts: Timeouts,
}

#[derive(Deserialize)]
pub(super) struct Trigger {
    event: Option<String>,
    #[serde(rename = "if")]
    pub(super) condition: Option<String>,
    pub(super) cron: Option<String>,
}

/// An event that cancels.
#[derive(Deserialize)]
pub(super) struct Ending {
    pub(super) event: String,
    #[serde(rename = "match")]
    pub(super) field: Option<String>,
    #[serde(rename = "if")]
    pub(super) condition: Option<String>,
    pub(super) timeout_ms: Option<f64>,
}

#[derive(Deserialize, Default)]
pub(super) struct Timeouts {
    pub(super) finish_ms: Option<u64>,
}

impl Definition {
    pub(super) fn of(place: usize, function: &Function) -> Self {
        let told = function.definition();
        let options: Value = serde_json::from_str(&told.options).expect("options are JSON");
        let policy = Policy::DEFAULT.with(&options);
        Self {
            place,
            name: if told.name.is_empty() { told.id.clone() } else { told.name },
            id: told.id,
            has_failure_handler: told.has_failure_handler,
            policy,
            options: Options::deserialize(options).expect("options are of the contract's shape"),
        }
    }

    /// Its triggers of that event; conditions aside.
    pub(super) fn triggers_of(&self, event: &str) -> Vec<&Trigger> {
        self.options.triggers.iter().filter(|trigger| trigger.names(event)).collect()
    }

    pub(super) fn cron(&self) -> Option<&str> {
        self.options.triggers.iter().find_map(|trigger| trigger.cron.as_deref())
    }
}

impl Trigger {
    /// A name that ends in `/*` or `.*` is that of any event that begins so.
    fn names(&self, event: &str) -> bool {
        self.event.as_deref().is_some_and(|name| match name.strip_suffix('*') {
            Some(start) if start.ends_with(['/', '.']) => event.starts_with(start),
            _ => name == event,
        })
    }
}

/// Whether a field, such as `data.order`, is equal in both events; what is missing is null.
pub(super) fn is_same(field: &str, one: &Value, other: &Value) -> bool {
    let at = |event| field.split('.').try_fold(event, |value: &Value, part| value.get(part));
    let (one, other) = (at(one).unwrap_or(&Value::Null), at(other).unwrap_or(&Value::Null));
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
        _ => one == other,
    }
}
