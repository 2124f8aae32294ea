//! A live version of a plugin, with its triggers compiled.

use std::sync::Arc;

use super::rules::{BadKey, Rules};
use super::snapshot::{Listener, LiveFunction, Pattern};
use super::{Error, read_definitions};
use crate::expression::Expression;
use crate::model::{Definition, Digest, FunctionKey, Json, Millis, Namespace, PluginName, Role};
use crate::store::Version;

/// A live version of a plugin.
#[derive(Debug)]
pub struct LivePlugin {
    pub namespace: Namespace,
    pub name: PluginName,
    pub version: Digest,
    pub activated: Millis,
    /// Failure functions too.
    pub functions: Vec<LiveFunction>,
    /// The names that each trigger makes its function listen to.
    pub(super) listeners: Vec<(Pattern, Listener)>,
}

impl LivePlugin {
    /// Compiles the filters.
    pub(super) fn new(
        namespace: Namespace,
        name: PluginName,
        version: Digest,
        activated: Millis,
        definitions: Vec<Definition>,
    ) -> Result<Self, Error> {
        let mut plugin = Self { namespace, name, version, activated, functions: Vec::new(), listeners: Vec::new() };
        for definition in definitions {
            plugin.add(definition)?;
        }
        Ok(plugin)
    }

    /// As the store has it.
    pub(super) fn stored(version: &Version) -> Result<Self, Error> {
        let definitions = read_definitions(version)?;
        let (namespace, name) = (version.namespace.clone(), version.plugin.clone());
        Self::new(namespace, name, version.digest, version.activated, definitions)
    }

    /// As the store is to have it.
    pub(super) fn to_version(&self) -> Version {
        let main = self.functions.iter().filter(|function| function.key.role == Role::Main);
        let definitions: Vec<Json> = main.map(|function| function.definition.to_json()).collect();
        Version {
            digest: self.version,
            namespace: self.namespace.clone(),
            plugin: self.name.clone(),
            definitions: Json::of(&definitions),
            activated: self.activated,
            is_live: true,
        }
    }

    /// Composite ids, without failure functions.
    pub fn function_names(&self) -> Vec<String> {
        let main = self.functions.iter().filter(|function| function.key.role == Role::Main);
        main.map(|function| function.key.composite()).collect()
    }

    fn add(&mut self, definition: Definition) -> Result<(), Error> {
        let key = Arc::new(FunctionKey {
            namespace: self.namespace.clone(),
            plugin: self.name.clone(),
            function: definition.id.clone(),
            role: Role::Main,
        });
        for wait in definition.cancel_on.iter() {
            wait.filter.as_deref().map(Expression::compile_wait).transpose().map_err(|problem| Error::Filter {
                function: definition.id.to_string(),
                event: wait.event.to_string(),
                problem,
            })?;
        }
        let rules = Rules::compile(&key, &definition).map_err(|BadKey { option, problem }| Error::Key {
            function: definition.id.to_string(),
            option,
            problem,
        })?;
        self.listeners.extend(listeners(&key, self.version, &definition, rules.as_ref())?);
        let failure = definition.failure().map(|failure| (Arc::new(key.failure()), Arc::new(failure), None));
        for (key, definition, rules) in [Some((key, Arc::new(definition), rules)), failure].into_iter().flatten() {
            let (version, activated) = (self.version, self.activated);
            self.functions.push(LiveFunction { key, version, activated, definition, rules });
        }
        Ok(())
    }
}

/// A listener for each name or prefix that the function's triggers give, with all filters that have a say there.
fn listeners(
    key: &Arc<FunctionKey>,
    version: Digest,
    definition: &Definition,
    rules: Option<&Arc<Rules>>,
) -> Result<Vec<(Pattern, Listener)>, Error> {
    let mut triggers = Vec::new();
    for trigger in &definition.triggers {
        let filter = trigger.filter.as_deref().map(Expression::compile).transpose().map_err(|problem| {
            Error::Filter { function: definition.id.to_string(), event: trigger.event.clone(), problem }
        })?;
        triggers.push((Pattern::read(&trigger.event), filter));
    }
    let mut patterns: Vec<Pattern> = triggers.iter().map(|(pattern, _)| pattern.clone()).collect();
    patterns.sort();
    patterns.dedup();
    let listener = |pattern: &Pattern| {
        let covering = triggers.iter().filter(|(other, _)| other.covers(pattern));
        let mut filters: Vec<_> = covering.map(|(_, filter)| filter.clone()).collect();
        if filters.iter().any(Option::is_none) {
            filters = vec![None];
        }
        let narrower = patterns.iter().filter(|other| *other != pattern && pattern.covers(other)).cloned().collect();
        let (cancel_on, rules) = (definition.cancel_on.clone(), rules.cloned());
        Listener { function: key.clone(), version, cancel_on, rules, filters, narrower }
    };
    Ok(patterns.iter().map(|pattern| (pattern.clone(), listener(pattern))).collect())
}
