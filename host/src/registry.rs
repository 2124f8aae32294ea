//! Which plugins exist and which version of each is live.
//!
//! All that is live is one immutable [`Snapshot`], swapped as a whole: a reader sees all of a change or nothing of
//! it. A change becomes durable in the store first, which hands out its generation; a plan that was made against an
//! older one is refused there and made again, so no event is lost between two versions.

mod codes;
mod live;
mod planning;
mod rules;
mod snapshot;
mod views;
pub mod watch;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch as watch_channel};

use crate::expression;
use crate::model::{Clock, Definition, Digest, FunctionKey, Namespace, PluginName};
use crate::sandbox::{self, Bounds, Grants, Plugin, Sandbox};
use crate::store::{self, Store, Version};

pub use codes::Code;
pub use rules::{BadKey, Cause, Rules};
pub use snapshot::{Listener, LiveFunction, Snapshot};
pub use views::PluginView;

use codes::Codes;
use live::LivePlugin;

/// Why a plugin is refused, or cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Component(#[from] sandbox::Error),
    #[error("function {function:?}, trigger {event:?}: {problem}")]
    Filter { function: String, event: String, problem: expression::Error },
    #[error("function {function:?}, {option}: {problem}")]
    Key { function: String, option: &'static str, problem: expression::Error },
    /// Events and people name a function by its composite id, so two may not share one.
    #[error(
        "the plugin describes a function that would be called {composite:?}, as one of plugin {other:?} is already: rename the function or the plugin"
    )]
    NameTaken { composite: String, other: PluginName },
    #[error("there is no plugin {0:?} that is live")]
    NoSuchPlugin(PluginName),
    #[error("the store does not have version {0}")]
    NoSuchVersion(Digest),
    #[error("version {version} has no function {function:?}")]
    NoSuchFunction { version: Digest, function: String },
    #[error("what the store keeps of version {version} cannot be read: {problem}")]
    Unreadable { version: Digest, problem: String },
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Whether the same may work when it is tried again: the fault was the machine's, not the plugin's.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Component(error) => error.is_transient(),
            Self::Store(_) => true,
            _ => false,
        }
    }
}

/// Grants and bounds of a plugin.
#[derive(Debug, Clone)]
pub struct Allowance {
    pub grants: Arc<Grants>,
    pub bounds: Bounds,
}

/// Grants and bounds of plugins: some by name, all others the same.
#[derive(Debug, Clone)]
pub struct Settings {
    pub plugins: BTreeMap<PluginName, Allowance>,
    pub others: Allowance,
}

/// The outcome of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub version: Digest,
    pub change: Change,
    /// Composite ids of its functions, without failure functions.
    pub functions: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Added,
    Replaced {
        before: Digest,
    },
    /// This version was live already.
    None,
}

/// The plugins of a host.
#[derive(Debug)]
pub struct Registry {
    store: Arc<dyn Store>,
    sandbox: Arc<Sandbox>,
    clock: Arc<dyn Clock>,
    codes: Codes,
    current: ArcSwap<Snapshot>,
    /// The generation, for those who wait for another.
    generation: watch_channel::Sender<u64>,
    /// Held for a change: changes happen one at a time.
    changes: Mutex<()>,
}

impl Registry {
    /// Brings back what was live, from the store. Code is loaded when it is needed.
    pub async fn open(
        store: Arc<dyn Store>,
        sandbox: Arc<Sandbox>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<Arc<Self>, Error> {
        let mut plugins = Vec::new();
        for version in store.versions().await?.into_iter().filter(|version| version.is_live) {
            match LivePlugin::stored(&version) {
                Ok(plugin) => plugins.push(Arc::new(plugin)),
                Err(error) => {
                    tracing::error!(plugin = %version.plugin, "{error}; it is not live until it is offered again");
                }
            }
        }
        let snapshot = Snapshot::of(store.generation(), plugins);
        let codes = Codes::new(store.clone(), sandbox.clone(), settings);
        let generation = watch_channel::Sender::new(snapshot.generation);
        let current = ArcSwap::from_pointee(snapshot);
        Ok(Arc::new(Self { store, sandbox, clock, codes, current, generation, changes: Mutex::new(()) }))
    }

    /// The functions that are live now. An event is planned against one snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Tells of each change of what is live, once it is.
    pub fn changes(&self) -> watch_channel::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Runs `attempt`, which plans against the current snapshot and has the store carry the plan out. Runs it again
    /// if the store refuses because a swap has overtaken the plan, as `overtaken_by` tells from the error.
    pub async fn planned<T, E, Attempt>(
        &self,
        overtaken_by: impl Fn(&E) -> Option<u64>,
        attempt: impl Fn() -> Attempt,
    ) -> Result<T, E>
    where
        Attempt: Future<Output = Result<T, E>>,
    {
        planning::planned(self.changes(), overtaken_by, attempt).await
    }

    fn swap(&self, snapshot: Snapshot) {
        let generation = snapshot.generation;
        self.current.store(Arc::new(snapshot));
        self.generation.send_replace(generation);
    }

    /// Makes these bytes the live version of the plugin, for new runs. On any error the last good version stays live.
    pub async fn offer(&self, namespace: &Namespace, plugin: &PluginName, bytes: Arc<[u8]>) -> Result<Offered, Error> {
        let digest = Digest::of(&bytes);
        if let Some(live) = self.snapshot().plugin(namespace, plugin).filter(|live| live.version == digest) {
            return Ok(Offered { version: digest, change: Change::None, functions: live.function_names() });
        }
        let loaded = self.sandbox.load(bytes.clone()).await?;
        let definitions = loaded.describe().await?;
        let candidate =
            LivePlugin::new(namespace.clone(), plugin.clone(), digest, self.clock.now(), definitions.clone())?;
        self.codes.keep(digest, loaded, definitions);
        let functions = candidate.function_names();
        let change = self.activate(candidate, bytes).await?;
        Ok(Offered { version: digest, change, functions })
    }

    async fn activate(&self, candidate: LivePlugin, bytes: Arc<[u8]>) -> Result<Change, Error> {
        let _turn = self.changes.lock().await;
        let current = self.snapshot();
        if let Some((composite, other)) = current.collision(&candidate) {
            return Err(Error::NameTaken { composite, other });
        }
        let before = current.plugin(&candidate.namespace, &candidate.name).map(|live| live.version);
        let generation = self.store.activate(candidate.to_version(), bytes).await?;
        self.swap(current.with(generation, candidate));
        Ok(match before {
            Some(before) => Change::Replaced { before },
            None => Change::Added,
        })
    }

    /// Makes no version of the plugin live. Its runs go on, on the version that each started with.
    pub async fn retire(&self, namespace: &Namespace, plugin: &PluginName) -> Result<(), Error> {
        let _turn = self.changes.lock().await;
        let current = self.snapshot();
        if current.plugin(namespace, plugin).is_none() {
            return Err(Error::NoSuchPlugin(plugin.clone()));
        }
        let generation = self.store.retire(namespace, plugin).await?;
        self.swap(current.without(generation, namespace, plugin));
        Ok(())
    }

    /// Retires every plugin of the namespace that is not among these, and returns their names.
    pub async fn retire_others(
        &self,
        namespace: &Namespace,
        kept: &HashSet<PluginName>,
    ) -> Result<Vec<PluginName>, Error> {
        let snapshot = self.snapshot();
        let live = snapshot.plugins().filter(|plugin| plugin.namespace == *namespace);
        let gone: Vec<_> = live.map(|plugin| plugin.name.clone()).filter(|name| !kept.contains(name)).collect();
        for plugin in &gone {
            self.retire(namespace, plugin).await?;
        }
        Ok(gone)
    }

    /// The code that a run of this function executes: its own version's, whether or not that is live.
    pub async fn code(&self, version: Digest, function: &FunctionKey) -> Result<Code, Error> {
        self.codes.code(version, function).await
    }

    /// Plugins that are live, or that runs still need.
    pub async fn plugins(&self) -> Result<Vec<PluginView>, Error> {
        let versions = self.store.versions().await?;
        let unended = self.store.unended_by_version().await?;
        Ok(views::plugins(&self.snapshot(), &versions, &unended))
    }
}

/// Checks a component by itself: it compiles, describes itself, and its filters are expressions.
pub async fn examine(
    sandbox: &Sandbox,
    namespace: &Namespace,
    name: &PluginName,
    bytes: Arc<[u8]>,
) -> Result<(Plugin, Vec<Definition>), Error> {
    let plugin = sandbox.load(bytes).await?;
    let definitions = plugin.describe().await?;
    LivePlugin::new(namespace.clone(), name.clone(), plugin.digest(), 0, definitions.clone())?;
    Ok((plugin, definitions))
}

/// The definitions that the store keeps of a version.
fn read_definitions(version: &Version) -> Result<Vec<Definition>, Error> {
    let unreadable = |problem: String| Error::Unreadable { version: version.digest, problem };
    let stored: Vec<Stored> =
        serde_json::from_str(version.definitions.as_str()).map_err(|error| unreadable(error.to_string()))?;
    stored
        .iter()
        .map(|one| Definition::read(&one.id, &one.name, one.has_failure_handler, one.options.get()))
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(error.to_string()))
}

/// An element of [`Version::definitions`], as [`Definition::to_json`] writes it.
#[derive(serde::Deserialize)]
struct Stored {
    id: String,
    name: String,
    has_failure_handler: bool,
    options: Box<serde_json::value::RawValue>,
}
