//! Functions: identity, definition, triggers.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cron::Cron;
use super::duration::{duration_text, read_duration};
use super::flow::{Batch, Concurrency, Debounce, Flow, RateLimit, Singleton, Throttle};
use super::id::{Namespace, PluginName};
use super::json::Json;
use super::retry::{Backoff, RetryOptions, RetryPolicy};
use super::schedule::Schedule;
use super::time::Millis;
use crate::limits;

/// Which of the two entries of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The function itself.
    Main,
    /// Its failure handler, an ordinary function of its own.
    Failure,
}

/// A function's identity in the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionKey {
    pub namespace: Namespace,
    pub plugin: PluginName,
    /// The id that the definition gives.
    pub function: Arc<str>,
    pub role: Role,
}

impl FunctionKey {
    /// `<plugin>-<function>`, with `-failure` behind it for a failure function: what users and events name it by.
    pub fn composite(&self) -> String {
        let suffix = match self.role {
            Role::Main => "",
            Role::Failure => "-failure",
        };
        format!("{}-{}{suffix}", self.plugin, self.function)
    }

    /// The failure function beside this one.
    pub fn failure(&self) -> Self {
        Self { role: Role::Failure, ..self.clone() }
    }
}

impl fmt::Display for FunctionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.composite())
    }
}

/// An event that starts a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// An event name, or a prefix that ends in `/*` or `.*`.
    pub event: String,
    /// A CEL expression over `event` that has to be true.
    pub filter: Option<String>,
}

impl Trigger {
    /// The prefix that a wildcard stands for.
    pub fn wildcard(&self) -> Option<&str> {
        self.event.strip_suffix('*')
    }

    fn to_value(&self) -> Value {
        match &self.filter {
            Some(filter) => serde_json::json!({ "event": self.event, "if": filter }),
            None => serde_json::json!({ "event": self.event }),
        }
    }
}

/// An event that cancels a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelOn {
    pub event: Arc<str>,
    /// CEL over `event`, which started the run, and `async`, which has come.
    pub filter: Option<Arc<str>>,
    /// How long after the run's creation it does; `None`: always.
    pub timeout_ms: Option<Millis>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelOptions {
    event: String,
    #[serde(rename = "match", default)]
    field: Option<String>,
    #[serde(rename = "if", default)]
    filter: Option<String>,
    #[serde(default)]
    timeout_ms: Option<f64>,
}

/// The longest that runs may take.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeouts {
    /// From when it could start to when it is first executed, in milliseconds: then the run is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<u64>,
    /// From when it is first executed, in milliseconds: then the run is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_ms: Option<u64>,
}

/// The filter that `match` stands for: the field is the same in the event that started the run and in the one that comes.
pub fn same_field(field: &str) -> String {
    format!("event.{field} == async.{field}")
}

/// A function as its plugin describes it, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub id: Arc<str>,
    pub name: Arc<str>,
    pub has_failure_handler: bool,
    /// Events that start it.
    pub triggers: Vec<Trigger>,
    /// When it starts by itself.
    pub schedules: Vec<Schedule>,
    pub retry: RetryPolicy,
    pub cancel_on: Arc<[CancelOn]>,
    pub timeouts: Timeouts,
    pub flow: Flow,
}

/// Why a definition is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("function {function:?}: {problem}")]
pub struct DefinitionError {
    pub function: String,
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    triggers: Vec<TriggerOptions>,
    #[serde(default)]
    retries: Option<u32>,
    #[serde(default)]
    backoff: Option<Backoff>,
    #[serde(default)]
    jitter_ms: Option<f64>,
    #[serde(default)]
    cancel_on: Vec<CancelOptions>,
    #[serde(default)]
    timeouts: Timeouts,
    #[serde(default)]
    idempotency: Option<Arc<str>>,
    #[serde(default)]
    rate_limit: Option<RateLimit>,
    #[serde(default)]
    concurrency: Vec<Concurrency>,
    #[serde(default)]
    run_concurrency: Option<Concurrency>,
    #[serde(default)]
    throttle: Option<Throttle>,
    #[serde(default)]
    debounce: Option<Debounce>,
    #[serde(default)]
    batch: Option<Batch>,
    #[serde(default)]
    priority: Option<Arc<str>>,
    #[serde(default)]
    singleton: Option<Singleton>,
}

impl Options {
    fn flow(&mut self) -> Flow {
        Flow {
            idempotency: self.idempotency.take(),
            rate_limit: self.rate_limit.take(),
            concurrency: std::mem::take(&mut self.concurrency),
            run_concurrency: self.run_concurrency.take(),
            throttle: self.throttle.take(),
            debounce: self.debounce.take(),
            batch: self.batch.take(),
            priority: self.priority.take(),
            singleton: self.singleton.take(),
        }
    }
}

/// Either an event or a schedule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TriggerOptions {
    #[serde(default)]
    event: Option<String>,
    #[serde(rename = "if", default)]
    filter: Option<String>,
    #[serde(default)]
    cron: Option<String>,
    #[serde(default)]
    jitter: Option<String>,
}

impl Definition {
    /// Reads what `describe` answered for one function; `options` follows `wit/function-options.schema.json`.
    pub fn read(id: &str, name: &str, has_failure_handler: bool, options: &str) -> Result<Self, DefinitionError> {
        let refuse = |problem: String| DefinitionError { function: id.to_owned(), problem };
        PluginName::new(id).map_err(|_| {
            refuse(format!("its id has to be 1 to {} letters, digits, '-', '_' or '.'", limits::NAME_MAX_CHARS))
        })?;
        let name = if name.is_empty() { id } else { name };
        if name.len() > limits::DISPLAY_NAME_MAX_BYTES {
            return Err(refuse(format!("its name is longer than {} bytes", limits::DISPLAY_NAME_MAX_BYTES)));
        }
        let mut options: Options =
            serde_json::from_str(options).map_err(|error| refuse(format!("its options are not valid: {error}")))?;
        let flow = options.flow();
        let (triggers, schedules) = read_triggers(options.triggers).map_err(refuse)?;
        let cancel_on = read_cancel_on(options.cancel_on).map_err(refuse)?;
        let retry = RetryOptions { retries: options.retries, backoff: options.backoff, jitter_ms: options.jitter_ms };
        if let Some(problem) = retry.problem().or_else(|| flow.problem()) {
            return Err(refuse(problem));
        }
        if flow.batch.is_some() && !cancel_on.is_empty() {
            return Err(refuse("batch and cancel_on do not go together: leave one of them out".into()));
        }
        Ok(Self {
            id: id.into(),
            name: name.into(),
            has_failure_handler,
            triggers,
            schedules,
            retry: RetryPolicy::with_retries(limits::RETRIES_DEFAULT).with(&retry),
            cancel_on,
            timeouts: options.timeouts,
            flow,
        })
    }

    /// The failure function that goes with this one: `<name> (failure)`, 1 retry, nothing else inherited.
    /// A failure function has no trigger here: the router knows that `inngest/function.failed` of this function starts it.
    pub fn failure(&self) -> Option<Self> {
        self.has_failure_handler.then(|| Self {
            id: self.id.clone(),
            name: format!("{} (failure)", self.name).into(),
            has_failure_handler: false,
            triggers: Vec::new(),
            schedules: Vec::new(),
            retry: RetryPolicy::with_retries(limits::FAILURE_HANDLER_RETRIES),
            cancel_on: Arc::default(),
            timeouts: Timeouts::default(),
            flow: Flow::default(),
        })
    }

    /// The function's definition in the given role.
    pub fn in_role(&self, role: Role) -> Option<Self> {
        match role {
            Role::Main => Some(self.clone()),
            Role::Failure => self.failure(),
        }
    }

    /// The definition as `describe` gave it, for the store.
    pub fn to_json(&self) -> Json {
        let events = self.triggers.iter().map(Trigger::to_value);
        let triggers: Vec<_> = events.chain(self.schedules.iter().map(schedule_value)).collect();
        let mut options = serde_json::json!({ "triggers": triggers });
        let retry = serde_json::to_value(self.retry.options()).expect("plain numbers");
        let flow = serde_json::to_value(&self.flow).expect("plain texts and numbers");
        if let (Some(options), Value::Object(retry), Value::Object(flow)) = (options.as_object_mut(), retry, flow) {
            options.extend(retry.into_iter().chain(flow));
        }
        if !self.cancel_on.is_empty() {
            let write = |wait: &CancelOn| serde_json::json!({ "event": wait.event, "if": wait.filter, "timeout_ms": wait.timeout_ms });
            options["cancel_on"] = self.cancel_on.iter().map(write).collect();
        }
        if self.timeouts != Timeouts::default() {
            options["timeouts"] = serde_json::to_value(&self.timeouts).expect("plain numbers");
        }
        Json::of(&serde_json::json!({
            "id": &*self.id,
            "name": &*self.name,
            "has_failure_handler": self.has_failure_handler,
            "options": options,
        }))
    }
}

fn read_cancel_on(options: Vec<CancelOptions>) -> Result<Arc<[CancelOn]>, String> {
    if options.len() > limits::CANCEL_ON_MAX {
        return Err(format!("it has {} entries in cancel_on, the limit is {}", options.len(), limits::CANCEL_ON_MAX));
    }
    let read = |option: CancelOptions| {
        let CancelOptions { event, field, filter, timeout_ms } = option;
        if event.is_empty() || event.len() > limits::EVENT_NAME_MAX_BYTES {
            let max = limits::EVENT_NAME_MAX_BYTES;
            return Err(format!("cancel_on {event:?} has to be an event name of 1 to {max} bytes"));
        }
        if field.is_some() && filter.is_some() {
            return Err(format!("cancel_on {event:?} has both `match` and `if`: say it all in `if`"));
        }
        let filter = filter.or_else(|| field.as_deref().map(same_field)).map(Into::into);
        let timeout_ms = timeout_ms.map(|ms| ms.clamp(0.0, limits::SLEEP_MAX_MS as f64) as Millis);
        Ok(CancelOn { event: event.into(), filter, timeout_ms })
    };
    options.into_iter().map(read).collect()
}

fn schedule_value(schedule: &Schedule) -> Value {
    let mut value = serde_json::json!({ "cron": &**schedule.source() });
    if schedule.jitter_ms > 0 {
        value["jitter"] = duration_text(schedule.jitter_ms).into();
    }
    value
}

fn read_triggers(options: Vec<TriggerOptions>) -> Result<(Vec<Trigger>, Vec<Schedule>), String> {
    if options.len() > limits::TRIGGERS_MAX {
        return Err(format!("it has {} triggers, the limit is {}", options.len(), limits::TRIGGERS_MAX));
    }
    let (mut triggers, mut schedules) = (Vec::new(), Vec::new());
    for options in options {
        match options {
            TriggerOptions { event: Some(event), filter, cron: None, jitter: None } => {
                triggers.push(read_trigger(event, filter, &triggers)?);
            }
            TriggerOptions { event: None, filter: None, cron: Some(cron), jitter } => {
                schedules.push(read_schedule(&cron, jitter.as_deref(), &schedules)?);
            }
            TriggerOptions { event, cron, .. } => {
                let name = event.or(cron).unwrap_or_default();
                return Err(format!(
                    "trigger {name:?} has to have either \"event\", and \"if\" beside it, or \"cron\", and \"jitter\""
                ));
            }
        }
    }
    Ok((triggers, schedules))
}

fn read_trigger(event: String, filter: Option<String>, others: &[Trigger]) -> Result<Trigger, String> {
    if event.is_empty() || event.len() > limits::TRIGGER_NAME_MAX_BYTES {
        let max = limits::TRIGGER_NAME_MAX_BYTES;
        return Err(format!("trigger {event:?} has to be an event name of 1 to {max} bytes"));
    }
    let stars = event.matches('*').count();
    if stars > 0 && !(stars == 1 && (event.ends_with("/*") || event.ends_with(".*"))) {
        return Err(format!("trigger {event:?}: a wildcard has to be the last character, right behind '/' or '.'"));
    }
    if filter.as_ref().is_some_and(|filter| filter.len() > limits::EXPRESSION_MAX_BYTES) {
        return Err(format!("trigger {event:?}: its `if` is longer than {} bytes", limits::EXPRESSION_MAX_BYTES));
    }
    let trigger = Trigger { event, filter };
    if others.contains(&trigger) {
        return Err(format!("trigger {:?} is there twice", trigger.event));
    }
    Ok(trigger)
}

/// Two that differ in their jitter alone are one too many.
fn read_schedule(cron: &str, jitter: Option<&str>, others: &[Schedule]) -> Result<Schedule, String> {
    let cron = Cron::read(cron).map_err(|error| error.to_string())?;
    let source = cron.source();
    if others.iter().any(|other| other.source() == source) {
        return Err(format!("cron {source:?} is there twice"));
    }
    let jitter_ms = match jitter {
        None => 0,
        Some(text) => {
            let ms = read_duration(text).map_err(|error| format!("cron {source:?}: its jitter {error}"))?;
            if !(limits::JITTER_MIN_MS..=limits::JITTER_MAX_MS).contains(&ms) {
                let (min, max) = (duration_text(limits::JITTER_MIN_MS), duration_text(limits::JITTER_MAX_MS));
                return Err(format!("cron {source:?}: its jitter has to be from {min} to {max}, not {text}"));
            }
            ms
        }
    };
    Ok(Schedule { cron, jitter_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: &str) -> Result<Definition, DefinitionError> {
        Definition::read("f", "", true, options)
    }

    #[test]
    fn defaults_are_inngests() {
        let definition = read("{}").expect("valid");
        assert_eq!(definition.retry.max_attempts(), 5);
        let failure = definition.failure().expect("has a handler");
        assert_eq!((&*failure.name, failure.retry.max_attempts()), ("f (failure)", 2));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(read(r#"{"retrys":1}"#).expect_err("unknown key").problem.contains("retrys"));
        assert!(read(r#"{"triggers":[{"event":"a*b"}]}"#).is_err());
        assert!(read(r#"{"triggers":[{"event":"a/*"}]}"#).is_ok());
        assert!(read(r#"{"triggers":[{"event":"a"},{"event":"a"}]}"#).is_err());
        assert!(read("[").is_err());
        let both = read(r#"{"triggers":[{"event":"a","cron":"@daily"}]}"#).expect_err("both").problem;
        assert!(both.contains("either"), "{both}");
        assert!(read(r#"{"triggers":[{}]}"#).is_err());
        assert!(read(r#"{"triggers":[{"cron":"@daily","if":"true"}]}"#).is_err());
    }

    #[test]
    fn reads_schedules() {
        let cron = |trigger: &str| read(&format!(r#"{{"triggers":[{trigger}]}}"#)).map_err(|error| error.problem);
        let definition = cron(r#"{"cron":"0 9 * * 1","jitter":"5m"},{"event":"a"}"#).expect("valid");
        assert_eq!((definition.schedules[0].jitter_ms, definition.triggers.len()), (300_000, 1));
        let refused = |trigger: &str| cron(trigger).expect_err("refused");
        assert_eq!(refused(r#"{"cron":"61 * * * *"}"#), "cron \"61 * * * *\": minute \"61\": 61 is not from 0 to 59");
        assert!(refused(r#"{"cron":"@daily"},{"cron":"@daily","jitter":"5s"}"#).contains("twice"));
        assert!(refused(r#"{"cron":"@daily","jitter":"301s"}"#).contains("from 1s to 5m, not 301s"));
        assert!(refused(r#"{"cron":"@daily","jitter":"999ms"}"#).contains("from 1s to 5m"));
        assert!(refused(r#"{"cron":"@daily","jitter":"often"}"#).contains("no duration"));
    }

    #[test]
    fn its_json_reads_back() {
        let definition = read(
            r#"{"triggers":[{"event":"a","if":"event.data.x"},{"cron":"TZ=Asia/Tokyo @daily","jitter":"90s"}],"retries":2,
            "cancel_on":[{"event":"b","match":"data.id","timeout_ms":5}],"timeouts":{"start_ms":7,"finish_ms":9},
            "backoff":{"kind":"constant","ms":5},
            "idempotency":"event.data.id","rate_limit":{"limit":3,"period_ms":60000,"key":"event.data.to"},
            "concurrency":[{"limit":5},{"limit":1,"key":"event.data.to","scope":"account"}],"run_concurrency":{"limit":2},
            "throttle":{"limit":1,"period_ms":1000,"burst":3},"debounce":{"period_ms":1000,"timeout_ms":5000},
            "priority":"event.data.p","singleton":{"mode":"skip","key":"event.data.id"}}"#,
        )
        .expect("valid");
        let json = definition.to_json().to_value();
        let again = Definition::read("f", "f", true, &json["options"].to_string()).expect("valid");
        assert_eq!(again, definition);
    }
}
