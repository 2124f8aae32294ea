//! The functions that are live at one moment, indexed by the names of the events that they listen to.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::live::LivePlugin;
use super::rules::Rules;
use crate::expression::Expression;
use crate::model::{CancelOn, Definition, Digest, FunctionKey, Millis, Namespace, PluginName, Role, Schedule};

/// A function that is live.
#[derive(Debug, Clone)]
pub struct LiveFunction {
    pub key: Arc<FunctionKey>,
    pub version: Digest,
    /// Since when this version is live.
    pub activated: Millis,
    pub definition: Arc<Definition>,
    pub rules: Option<Arc<Rules>>,
}

/// A function that an event may start.
#[derive(Debug)]
pub struct Listener {
    pub function: Arc<FunctionKey>,
    pub version: Digest,
    pub cancel_on: Arc<[CancelOn]>,
    pub rules: Option<Arc<Rules>>,
    /// The function starts if one of these is true; `None` always is.
    pub filters: Vec<Option<Expression>>,
    /// The function's own triggers that say more than this one: where one of them matches, its listener speaks.
    pub(super) narrower: Vec<Pattern>,
}

/// The events that a trigger names: a single one, or all whose names begin so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pattern {
    Name(Box<str>),
    Prefix(Box<str>),
}

impl Pattern {
    pub(super) fn read(trigger: &str) -> Self {
        match trigger.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.into()),
            None => Self::Name(trigger.into()),
        }
    }

    fn matches(&self, event: &str) -> bool {
        match self {
            Self::Name(name) => **name == *event,
            Self::Prefix(prefix) => event.starts_with(&**prefix),
        }
    }

    /// Whether it matches whatever the other matches.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(name), Self::Name(other)) => name == other,
            (Self::Name(_), Self::Prefix(_)) => false,
            (Self::Prefix(prefix), Self::Name(other) | Self::Prefix(other)) => other.starts_with(&**prefix),
        }
    }
}

/// A place in `plugins[…].listeners`.
type Place = (u32, u32);

/// The listeners of one namespace.
#[derive(Debug, Default)]
struct Index {
    names: HashMap<Box<str>, Vec<Place>>,
    prefixes: HashMap<Box<str>, Vec<Place>>,
    /// Functions by composite id, without failure functions.
    functions: HashMap<String, Place>,
}

/// The functions that are live at one moment.
#[derive(Debug)]
pub struct Snapshot {
    /// The store's count of changes: a plan names the one that it was made against.
    pub generation: u64,
    plugins: Vec<Arc<LivePlugin>>,
    by_name: BTreeMap<(Namespace, PluginName), u32>,
    functions: HashMap<Arc<FunctionKey>, Place>,
    indexes: HashMap<Namespace, Index>,
}

impl Snapshot {
    pub(super) fn of(generation: u64, plugins: Vec<Arc<LivePlugin>>) -> Self {
        let mut snapshot = Self {
            generation,
            plugins: Vec::new(),
            by_name: BTreeMap::new(),
            functions: HashMap::new(),
            indexes: HashMap::new(),
        };
        for plugin in plugins {
            snapshot.push(plugin);
        }
        snapshot
    }

    /// The same with this plugin added, or put in the place of its other version.
    pub(super) fn with(&self, generation: u64, plugin: LivePlugin) -> Self {
        let mut plugins: Vec<_> = self.others(&plugin.namespace, &plugin.name).collect();
        plugins.push(Arc::new(plugin));
        Self::of(generation, plugins)
    }

    pub(super) fn without(&self, generation: u64, namespace: &Namespace, plugin: &PluginName) -> Self {
        Self::of(generation, self.others(namespace, plugin).collect())
    }

    fn others(&self, namespace: &Namespace, name: &PluginName) -> impl Iterator<Item = Arc<LivePlugin>> {
        let is_other = move |plugin: &&Arc<LivePlugin>| !(plugin.namespace == *namespace && plugin.name == *name);
        self.plugins.iter().filter(is_other).cloned()
    }

    fn push(&mut self, plugin: Arc<LivePlugin>) {
        let at = self.plugins.len() as u32;
        self.by_name.insert((plugin.namespace.clone(), plugin.name.clone()), at);
        let index = self.indexes.entry(plugin.namespace.clone()).or_default();
        for (n, (pattern, _)) in plugin.listeners.iter().enumerate() {
            let (map, key) = match pattern {
                Pattern::Name(name) => (&mut index.names, name),
                Pattern::Prefix(prefix) => (&mut index.prefixes, prefix),
            };
            map.entry(key.clone()).or_default().push((at, n as u32));
        }
        for (n, function) in plugin.functions.iter().enumerate() {
            self.functions.insert(function.key.clone(), (at, n as u32));
            if function.key.role == Role::Main {
                index.functions.insert(function.key.composite(), (at, n as u32));
            }
        }
        self.plugins.push(plugin);
    }

    /// Live functions with a trigger for that event, each once, with the filters that have to be asked.
    pub fn listeners(&self, namespace: &Namespace, event: &str) -> Vec<&Listener> {
        let Some(index) = self.indexes.get(namespace) else { return Vec::new() };
        let mut found: Vec<&Listener> = Vec::new();
        if let Some(places) = index.names.get(event) {
            found.extend(places.iter().map(|place| self.listener(*place)));
        }
        if index.prefixes.is_empty() {
            return found;
        }
        // A wildcard stands right behind '/' or '.'.
        let cuts = event.bytes().enumerate().filter(|(_, byte)| matches!(byte, b'/' | b'.')).map(|(at, _)| at + 1);
        for places in cuts.filter_map(|cut| index.prefixes.get(&event[..cut])) {
            let listeners = places.iter().map(|place| self.listener(*place));
            found.extend(listeners.filter(|listener| !listener.narrower.iter().any(|other| other.matches(event))));
        }
        found
    }

    fn listener(&self, (plugin, n): Place) -> &Listener {
        &self.plugins[plugin as usize].listeners[n as usize].1
    }

    /// The live function of that composite id.
    pub fn function(&self, namespace: &Namespace, composite: &str) -> Option<&LiveFunction> {
        let (plugin, n) = self.indexes.get(namespace)?.functions.get(composite)?;
        self.plugins[*plugin as usize].functions.get(*n as usize)
    }

    /// All live functions, failure functions too.
    pub fn functions(&self) -> impl Iterator<Item = &LiveFunction> {
        self.plugins.iter().flat_map(|plugin| &plugin.functions)
    }

    /// All schedules of live functions.
    pub fn schedules(&self) -> impl Iterator<Item = (&LiveFunction, &Schedule)> {
        self.functions().flat_map(|function| function.definition.schedules.iter().map(move |one| (function, one)))
    }

    pub fn find(&self, key: &FunctionKey) -> Option<&LiveFunction> {
        let (plugin, n) = self.functions.get(key)?;
        self.plugins[*plugin as usize].functions.get(*n as usize)
    }

    pub(super) fn plugins(&self) -> impl Iterator<Item = &Arc<LivePlugin>> {
        self.plugins.iter()
    }

    pub(super) fn plugin(&self, namespace: &Namespace, name: &PluginName) -> Option<&Arc<LivePlugin>> {
        // A pair of references is no key of a map of pairs: two cheap clones are.
        let at = self.by_name.get(&(namespace.clone(), name.clone()))?;
        self.plugins.get(*at as usize)
    }

    /// A composite id of the candidate that a function of another plugin of its namespace has too.
    pub(super) fn collision(&self, candidate: &LivePlugin) -> Option<(String, PluginName)> {
        let neighbours = self
            .plugins
            .iter()
            .filter(|plugin| plugin.namespace == candidate.namespace && plugin.name != candidate.name);
        let taken: HashMap<String, &PluginName> = neighbours
            .flat_map(|plugin| plugin.functions.iter().map(|function| (function.key.composite(), &plugin.name)))
            .collect();
        let composites = candidate.functions.iter().map(|function| function.key.composite());
        composites.into_iter().find_map(|composite| {
            let other = taken.get(&composite)?;
            Some((composite, (*other).clone()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event's name, and its filter.
    type Trigger<'a> = (&'a str, Option<&'a str>);

    fn plugin(name: &str, functions: &[(&str, &[Trigger<'_>])]) -> LivePlugin {
        let definitions = functions
            .iter()
            .map(|(id, triggers)| {
                let triggers: Vec<_> = triggers
                    .iter()
                    .map(|(event, filter)| match filter {
                        Some(filter) => serde_json::json!({ "event": event, "if": filter }),
                        None => serde_json::json!({ "event": event }),
                    })
                    .collect();
                let options = serde_json::json!({ "triggers": triggers }).to_string();
                Definition::read(id, "", true, &options).expect("valid")
            })
            .collect();
        let name = PluginName::new(name).expect("a name");
        LivePlugin::new(Namespace::default(), name, Digest([0; 32]), 0, definitions).expect("valid")
    }

    fn snapshot(plugins: Vec<LivePlugin>) -> Snapshot {
        Snapshot::of(1, plugins.into_iter().map(Arc::new).collect())
    }

    fn names(snapshot: &Snapshot, event: &str) -> Vec<(String, usize)> {
        let listeners = snapshot.listeners(&Namespace::default(), event).into_iter();
        listeners.map(|listener| (listener.function.composite(), listener.filters.len())).collect()
    }

    #[test]
    fn one_listener_for_each_function_however_many_triggers_match() {
        let functions: &[(&str, &[Trigger<'_>])] = &[
            ("all", &[("shop/*", Some("event.data.a")), ("shop/order.*", Some("event.data.b"))]),
            ("one", &[("shop/order.paid", Some("event.data.c")), ("shop/*", None)]),
            ("other", &[("blog/post", None)]),
        ];
        let snapshot = snapshot(vec![plugin("p", functions)]);
        assert_eq!(names(&snapshot, "shop/order.paid"), [("p-one".into(), 1), ("p-all".into(), 2)]);
        assert_eq!(names(&snapshot, "shop/x"), [("p-all".into(), 1), ("p-one".into(), 1)]);
        assert_eq!(names(&snapshot, "shop"), []);
        assert_eq!(names(&snapshot, "blog/post"), [("p-other".into(), 1)]);
        assert!(snapshot.listeners(&Namespace::new("n").expect("a name"), "blog/post").is_empty());
    }

    #[test]
    fn failure_functions_are_found_by_key() {
        let snapshot = snapshot(vec![plugin("p", &[("f", &[])])]);
        let main = snapshot.functions().find(|function| function.key.composite() == "p-f").expect("there").key.clone();
        let failure = snapshot.find(&main.failure()).expect("there");
        assert_eq!((failure.key.composite().as_str(), &*failure.definition.name), ("p-f-failure", "f (failure)"));
    }

    #[test]
    fn composite_ids_do_not_collide() {
        let snapshot = snapshot(vec![plugin("a-b", &[("c", &[])]), plugin("x", &[("f", &[])])]);
        let collision = |name, id| snapshot.collision(&plugin(name, &[(id, &[])])).map(|(composite, _)| composite);
        assert_eq!(collision("a", "b-c"), Some("a-b-c".into()));
        assert_eq!(collision("y", "f"), None);
        assert_eq!(collision("x", "f"), None);
        // Its own name is that of the other's failure function.
        assert_eq!(collision("x-f", "failure"), Some("x-f-failure".into()));
    }

    /// Function `n` of plugin `p` listens to its own event, every tenth to all of its plugin, every hundredth to more.
    fn patterns(p: usize, n: usize) -> Vec<String> {
        let wide = [(10, format!("p{p}/*")), (100, "p.*".to_owned()), (100, format!("p{p}/even.*"))];
        let wide = wide.into_iter().filter(|(every, _)| n.is_multiple_of(*every)).map(|(_, pattern)| pattern);
        wide.chain([format!("p{p}/e{n}")]).collect()
    }

    #[test]
    fn among_ten_thousand_functions_the_listeners_are_found_and_no_others() {
        let functions: Vec<Vec<(String, Vec<String>)>> =
            (0..10).map(|p| (0..1_000).map(|n| (format!("f{n}"), patterns(p, n))).collect()).collect();
        let plugins = functions.iter().enumerate().map(|(p, functions)| {
            let definitions = functions.iter().map(|(id, own)| {
                let triggers: Vec<_> = own.iter().map(|event| serde_json::json!({ "event": event })).collect();
                let options = serde_json::json!({ "triggers": triggers }).to_string();
                Definition::read(id, "", false, &options).expect("valid")
            });
            let name = PluginName::new(&format!("p{p}")).expect("a name");
            LivePlugin::new(Namespace::default(), name, Digest([0; 32]), 0, definitions.collect()).expect("valid")
        });
        let snapshot = snapshot(plugins.collect());
        assert_eq!(snapshot.functions().count(), 10_000);
        let matches = |pattern: &str, event: &str| match pattern.strip_suffix('*') {
            Some(prefix) => event.starts_with(prefix),
            None => pattern == event,
        };
        // Event → how many listen to it, as patterns that are all asked one by one say, too.
        for (event, count) in [
            ("p3/e777", 101),
            ("p3/e770", 100),
            ("p3/other", 100),
            ("p3/even.x", 100),
            ("p.x", 100),
            ("p3", 0),
            ("p", 0),
            ("p10/e1", 0),
            ("P3/e777", 0),
            ("x/p3/e777", 0),
            ("p3.e777", 0),
        ] {
            let mut found: Vec<_> = names(&snapshot, event).into_iter().map(|(name, _)| name).collect();
            found.sort();
            let all = functions.iter().enumerate().flat_map(|(p, all)| all.iter().map(move |one| (p, one)));
            let listening = all.filter(|(_, (_, own))| own.iter().any(|pattern| matches(pattern, event)));
            let mut wanted: Vec<_> = listening.map(|(p, (id, _))| format!("p{p}-{id}")).collect();
            wanted.sort();
            assert_eq!((found.len(), found), (count, wanted), "{event}");
        }
    }

    #[test]
    fn a_plugin_is_replaced_and_removed_as_a_whole() {
        let before = snapshot(vec![plugin("p", &[("f", &[("a", None)])]), plugin("q", &[("g", &[("a", None)])])]);
        let after = before.with(2, plugin("p", &[("h", &[("a", None)])]));
        assert_eq!(names(&after, "a"), [("q-g".into(), 1), ("p-h".into(), 1)]);
        let gone = after.without(3, &Namespace::default(), &PluginName::new("q").expect("a name"));
        assert_eq!((gone.generation, names(&gone, "a")), (3, vec![("p-h".into(), 1)]));
        assert_eq!(names(&before, "a"), [("p-f".into(), 1), ("q-g".into(), 1)]);
    }
}
