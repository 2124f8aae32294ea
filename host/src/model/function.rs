//! Functions: identity, definition, triggers.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use super::id::{Namespace, PluginName};
use super::json::Json;
use super::retry::RetryPolicy;
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

/// What starts a function.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// An event name, or a prefix that ends in `/*` or `.*`.
    pub event: String,
    /// A CEL expression over `event` that has to be true.
    #[serde(rename = "if", default)]
    pub filter: Option<String>,
}

impl Trigger {
    /// The prefix that a wildcard stands for.
    pub fn wildcard(&self) -> Option<&str> {
        self.event.strip_suffix('*')
    }
}

/// A function as its plugin describes it, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub id: Arc<str>,
    pub name: Arc<str>,
    pub has_failure_handler: bool,
    pub triggers: Vec<Trigger>,
    pub retry: RetryPolicy,
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
    triggers: Vec<Trigger>,
    #[serde(default)]
    retries: Option<u32>,
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
        let options: Options =
            serde_json::from_str(options).map_err(|error| refuse(format!("its options are not valid: {error}")))?;
        check_triggers(&options.triggers).map_err(refuse)?;
        let retries = options.retries.unwrap_or(limits::RETRIES_DEFAULT);
        Ok(Self {
            id: id.into(),
            name: name.into(),
            has_failure_handler,
            triggers: options.triggers,
            retry: RetryPolicy::with_retries(retries),
        })
    }

    /// The failure function that goes with this one: `<name> (failure)`, 1 retry, nothing else inherited.
    /// It has no trigger here: the router knows that `inngest/function.failed` of this function starts it.
    pub fn failure(&self) -> Option<Self> {
        self.has_failure_handler.then(|| Self {
            id: self.id.clone(),
            name: format!("{} (failure)", self.name).into(),
            has_failure_handler: false,
            triggers: Vec::new(),
            retry: RetryPolicy::with_retries(limits::FAILURE_HANDLER_RETRIES),
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
        let triggers: Vec<_> = self
            .triggers
            .iter()
            .map(|trigger| match &trigger.filter {
                Some(filter) => serde_json::json!({ "event": trigger.event, "if": filter }),
                None => serde_json::json!({ "event": trigger.event }),
            })
            .collect();
        Json::of(&serde_json::json!({
            "id": &*self.id,
            "name": &*self.name,
            "has_failure_handler": self.has_failure_handler,
            "options": { "triggers": triggers, "retries": self.retry.retries() },
        }))
    }
}

fn check_triggers(triggers: &[Trigger]) -> Result<(), String> {
    if triggers.len() > limits::TRIGGERS_MAX {
        return Err(format!("it has {} triggers, the limit is {}", triggers.len(), limits::TRIGGERS_MAX));
    }
    for (position, trigger) in triggers.iter().enumerate() {
        let name = &trigger.event;
        if name.is_empty() || name.len() > limits::TRIGGER_NAME_MAX_BYTES {
            let max = limits::TRIGGER_NAME_MAX_BYTES;
            return Err(format!("trigger {name:?} has to be an event name of 1 to {max} bytes"));
        }
        let stars = name.matches('*').count();
        if stars > 0 && !(stars == 1 && (name.ends_with("/*") || name.ends_with(".*"))) {
            return Err(format!("trigger {name:?}: a wildcard has to be the last character, right behind '/' or '.'"));
        }
        if trigger.filter.as_ref().is_some_and(|filter| filter.len() > limits::EXPRESSION_MAX_BYTES) {
            return Err(format!("trigger {name:?}: its `if` is longer than {} bytes", limits::EXPRESSION_MAX_BYTES));
        }
        if triggers[..position].contains(trigger) {
            return Err(format!("trigger {name:?} is there twice"));
        }
    }
    Ok(())
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
    }

    #[test]
    fn its_json_reads_back() {
        let definition = read(r#"{"triggers":[{"event":"a","if":"event.data.x"}],"retries":2}"#).expect("valid");
        let json = definition.to_json().to_value();
        let again = Definition::read("f", "f", true, &json["options"].to_string()).expect("valid");
        assert_eq!(again, definition);
    }
}
