//! Code in memory: loaded when a run needs it, the least recently used given up when there is too much.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use tokio::sync::OnceCell;

use super::{Allowance, Error, Settings, read_definitions};
use crate::limits;
use crate::model::{Definition, Digest, FunctionKey, Role};
use crate::sandbox::{Bounds, Grants, Plugin, Sandbox};
use crate::store::Store;

/// All that is needed to execute a function.
#[derive(Debug, Clone)]
pub struct Code {
    pub plugin: Arc<Plugin>,
    /// In the role of the function that was asked for.
    pub definition: Arc<Definition>,
    pub grants: Arc<Grants>,
    pub bounds: Bounds,
}

/// The function itself, and its failure function.
type Pair = (Arc<Definition>, Option<Arc<Definition>>);

/// A version in memory.
#[derive(Debug)]
struct Loaded {
    plugin: Arc<Plugin>,
    definitions: HashMap<Arc<str>, Pair>,
}

#[derive(Debug, Default)]
struct Slot {
    /// Filled by the first who asks; the others wait for it.
    loaded: Arc<OnceCell<Arc<Loaded>>>,
    used: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Codes {
    store: Arc<dyn Store>,
    sandbox: Arc<Sandbox>,
    settings: Settings,
    slots: RwLock<HashMap<Digest, Slot>>,
    /// Counts uses, to tell which is the oldest.
    uses: AtomicU64,
}

impl Codes {
    pub(super) fn new(store: Arc<dyn Store>, sandbox: Arc<Sandbox>, settings: Settings) -> Self {
        Self { store, sandbox, settings, slots: RwLock::default(), uses: AtomicU64::new(0) }
    }

    /// Takes what has just been loaded.
    pub(super) fn keep(&self, version: Digest, plugin: Plugin, definitions: Vec<Definition>) {
        // An error says that it is there already.
        let _ = self.slot(version).set(Arc::new(Loaded::new(plugin, definitions)));
    }

    pub(super) async fn code(&self, version: Digest, function: &FunctionKey) -> Result<Code, Error> {
        let slot = self.slot(version);
        let loaded = slot.get_or_try_init(|| self.load(version)).await?;
        let definition = loaded
            .definition(function)
            .ok_or_else(|| Error::NoSuchFunction { version, function: function.composite() })?;
        let Allowance { grants, bounds } =
            self.settings.plugins.get(&function.plugin).unwrap_or(&self.settings.others).clone();
        Ok(Code { plugin: loaded.plugin.clone(), definition, grants, bounds })
    }

    async fn load(&self, version: Digest) -> Result<Arc<Loaded>, Error> {
        let bytes = self.store.component(version).await?.ok_or(Error::NoSuchVersion(version))?;
        let stored = self.store.versions().await?;
        let stored = stored.iter().find(|stored| stored.digest == version).ok_or(Error::NoSuchVersion(version))?;
        let definitions = read_definitions(stored)?;
        let plugin = self.sandbox.load(bytes).await?;
        Ok(Arc::new(Loaded::new(plugin, definitions)))
    }

    fn slot(&self, version: Digest) -> Arc<OnceCell<Arc<Loaded>>> {
        let now = self.uses.fetch_add(1, Ordering::Relaxed);
        if let Some(slot) = self.slots.read().expect("no panic while held").get(&version) {
            slot.used.store(now, Ordering::Relaxed);
            return slot.loaded.clone();
        }
        let mut slots = self.slots.write().expect("no panic while held");
        if slots.len() >= limits::PLUGINS_IN_MEMORY_MAX && !slots.contains_key(&version) {
            forget_oldest(&mut slots);
        }
        let slot = slots.entry(version).or_default();
        slot.used.store(now, Ordering::Relaxed);
        slot.loaded.clone()
    }
}

fn forget_oldest(slots: &mut HashMap<Digest, Slot>) {
    let oldest = slots.iter().min_by_key(|(_, slot)| slot.used.load(Ordering::Relaxed)).map(|(version, _)| *version);
    if let Some(oldest) = oldest {
        slots.remove(&oldest);
    }
}

impl Loaded {
    fn new(plugin: Plugin, definitions: Vec<Definition>) -> Self {
        let pair = |definition: Definition| {
            let failure = definition.failure().map(Arc::new);
            (definition.id.clone(), (Arc::new(definition), failure))
        };
        Self { plugin: Arc::new(plugin), definitions: definitions.into_iter().map(pair).collect() }
    }

    fn definition(&self, function: &FunctionKey) -> Option<Arc<Definition>> {
        let (main, failure) = self.definitions.get(&function.function)?;
        match function.role {
            Role::Main => Some(main.clone()),
            Role::Failure => failure.clone(),
        }
    }
}
