//! The host as a whole: built from the rooms below it, run, and shut down.
//!
//! Nothing here is global: tests start as many hosts as they like, with a clock of their own.
//!
//! How a host stops ([`Host::stop`]): first all its parts are told. HTTP accepts no more, answers what it has begun,
//! and ends the answers that follow runs. Folders are no longer watched, and no schedule starts anything. The scheduler
//! leases nothing more. A run that executes gives its lease back at its next record, which counts neither as an attempt
//! nor as an interruption. A task that is not done within its grace is dropped, which is a crash to the run it drives
//! and to no other. Last the store writes what is buffered and closes. An acknowledged event is on disk long before.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::config::{Config, Durability, PluginConfig};
use crate::executor::{self, Executor};
use crate::model::{Clock, Definition, EventId, IdSource, Millis, Namespace, PluginName};
use crate::registry::watch::{Reporter, Source, Watch};
use crate::registry::{self, Allowance, Settings};
use crate::router::{Retries, Router, Timetable};
use crate::sandbox::{self, Bounds, Compiler, Grants, Plugin, Sandbox};
use crate::scheduler::Scheduler;
use crate::store::{self, SqliteStore, Stats, Store};
use crate::{api, limits};

pub use crate::registry::watch::{News, Source as PluginSource};
pub use crate::registry::{Change, Offered, Registry};

/// Inputs of a host beside its configuration.
#[derive(Debug)]
pub struct World {
    pub clock: Arc<dyn Clock>,
    /// Makes ids, secrets and jitter the same each time; `None` draws them from the system.
    pub seed: Option<u64>,
    /// The `stepwell` executable, which compiles components in a child process.
    pub compiler: PathBuf,
}

/// A running host.
pub struct Host {
    config: Config,
    clock: Arc<dyn Clock>,
    ids: Arc<IdSource>,
    store: Arc<dyn Store>,
    stats: Arc<dyn Fn() -> Stats + Send + Sync>,
    registry: Arc<Registry>,
    router: Arc<Router>,
    timetable: Arc<Timetable>,
    retries: Arc<Retries>,
    stop: watch::Sender<bool>,
    scheduler: JoinHandle<()>,
    crons: JoinHandle<()>,
    retrying: JoinHandle<()>,
    watches: Vec<JoinHandle<()>>,
    listening: Option<Listening>,
}

struct Listening {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Host {
    /// Opens the host, loads the plugins of the configured folder, and listens.
    pub async fn start(config: Config, world: World) -> Result<Self> {
        let sources: Vec<_> = config.plugins_dir.iter().cloned().map(Source::Folder).collect();
        let mut host = Self::open(config, world).await?;
        if !sources.is_empty() {
            host.watch(sources, HashSet::new(), Arc::new(log_news)).await?;
        }
        host.listen().await?;
        Ok(host)
    }

    /// Opens the store and goes on with what it holds. Nobody can send anything yet.
    pub async fn open(config: Config, world: World) -> Result<Self> {
        let World { clock, seed, compiler } = world;
        let seeds = Seeds::new(seed)?;
        let sqlite = Arc::new(SqliteStore::open(store_options(&config)).context("open the store")?);
        let ids = Arc::new(IdSource::new(sqlite.id_floor(), seeds.ids));
        let store: Arc<dyn Store> = sqlite.clone();
        let sandbox = Sandbox::new(sandbox_options(&config, compiler)).context("set up the sandbox")?;
        let registry = Registry::open(store.clone(), sandbox, clock.clone(), plugin_settings(&config)).await;
        let registry = registry.context("bring back the plugins")?;
        let router = Arc::new(Router::new(store.clone(), registry.clone(), ids.clone(), clock.clone()));
        let executor = Executor::new(executor::Parts {
            store: store.clone(),
            registry: registry.clone(),
            router: router.clone(),
            clock: clock.clone(),
            jitter_seed: seeds.jitter,
            retry_interval_ms: config.retry_interval_ms,
            instances: config.workers,
        });
        let stop = watch::Sender::new(false);
        let scheduler = Scheduler::new(store.clone(), executor, clock.clone(), config.workers);
        let scheduler = tokio::spawn(scheduler.run(stop.subscribe()));
        let timetable = Timetable::new(router.clone());
        let crons = tokio::spawn(timetable.clone().run(stop.subscribe()));
        let retries = Retries::new(router.clone());
        let retrying = tokio::spawn(retries.clone().run(stop.subscribe()));
        let stats = Arc::new(move || sqlite.stats());
        let (watches, listening) = (Vec::new(), None);
        Ok(Self {
            config,
            clock,
            ids,
            store,
            stats,
            registry,
            router,
            timetable,
            retries,
            stop,
            scheduler,
            crons,
            retrying,
            watches,
            listening,
        })
    }

    /// Makes the sources' components live, retires every other plugin but those `kept`, and follows the sources from
    /// then on. A component that is refused keeps its plugin's last good version.
    pub async fn watch(&mut self, sources: Vec<Source>, mut kept: HashSet<PluginName>, report: Reporter) -> Result<()> {
        let namespace = self.namespace().clone();
        let mut watches = Vec::new();
        for source in sources {
            let folder = source.folder().display().to_string();
            let watch = Watch::open(self.registry.clone(), namespace.clone(), source, report.clone()).await;
            watches.push(watch.with_context(|| format!("read the folder of plugins {folder}"))?);
        }
        kept.extend(watches.iter().flat_map(Watch::plugins));
        for plugin in self.registry.retire_others(&namespace, &kept).await.context("retire plugins")? {
            report(News::Retired { plugin });
        }
        self.watches.extend(watches.into_iter().map(|watch| tokio::spawn(watch.run(self.stop.subscribe()))));
        Ok(())
    }

    /// Takes requests from now on; returns the address.
    pub async fn listen(&mut self) -> Result<SocketAddr> {
        let config = &self.config;
        config.check_keys()?;
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("listen on {} (--listen takes another address)", config.listen))?;
        let address = listener.local_addr().context("ask for the address")?;
        let parts = api::Parts {
            store: self.store.clone(),
            registry: self.registry.clone(),
            router: self.router.clone(),
            retries: self.retries.clone(),
            ids: self.ids.clone(),
            clock: self.clock.clone(),
            namespace: config.namespace.clone(),
            event_keys: config.event_keys.clone(),
            signing_key: config.signing_key.clone(),
            stats: self.stats.clone(),
            stop: self.stop.subscribe(),
        };
        self.listening = Some(Listening { address, serving: tokio::spawn(api::serve(listener, parts)) });
        Ok(address)
    }

    /// The address at which the host listens, once it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listening.as_ref().map(|listening| listening.address)
    }

    pub fn namespace(&self) -> &Namespace {
        &self.config.namespace
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    pub fn router(&self) -> &Arc<Router> {
        &self.router
    }

    /// Starts functions by their schedules.
    pub fn timetable(&self) -> &Arc<Timetable> {
        &self.timetable
    }

    /// An id for an event that is received now.
    pub fn new_event_id(&self) -> (EventId, Millis) {
        let now = self.clock.now();
        (self.ids.event(now), now)
    }

    /// Turns true when the host stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Stops gracefully; see the room's head.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Some(listening) = self.listening {
            within(limits::HTTP_GRACE_MS, "HTTP", listening.serving).await;
        }
        for watch in self.watches {
            within(limits::HTTP_GRACE_MS, "watching a folder", watch).await;
        }
        within(limits::SHUTDOWN_GRACE_MS, "starting by schedule", self.crons).await;
        within(limits::SHUTDOWN_GRACE_MS, "a bulk retry", self.retrying).await;
        within(limits::SHUTDOWN_GRACE_MS, "what executes", self.scheduler).await;
        self.store.close().await;
    }
}

/// Waits for the task; one that takes longer than its grace is dropped.
async fn within<T>(grace_ms: u64, what: &str, mut task: JoinHandle<T>) {
    if timeout(Duration::from_millis(grace_ms), &mut task).await.is_err() {
        tracing::warn!("{what} did not end within {grace_ms} ms and is dropped");
        task.abort();
        let _ = task.await;
    }
}

/// Facts that `serve` tells of its folder.
fn log_news(news: News) {
    match news {
        News::Offered { plugin, offered } => {
            let Offered { version, change, functions } = offered;
            tracing::info!(%plugin, %version, ?change, ?functions, "plugin is live");
        }
        News::Refused { path, error } => {
            tracing::error!(file = %path.display(), %error, "plugin refused; the last good version stays live");
        }
        News::Retired { plugin } => tracing::info!(%plugin, "plugin retired"),
    }
}

struct Seeds {
    ids: [u8; 32],
    jitter: u64,
}

impl Seeds {
    fn new(seed: Option<u64>) -> Result<Self> {
        let mut ids = [0; 32];
        if let Some(seed) = seed {
            ids[..8].copy_from_slice(&seed.to_le_bytes());
            return Ok(Self { ids, jitter: seed });
        }
        let mut jitter = [0; 8];
        getrandom::fill(&mut ids).context("draw randomness")?;
        getrandom::fill(&mut jitter).context("draw randomness")?;
        Ok(Self { ids, jitter: u64::from_le_bytes(jitter) })
    }
}

fn store_options(config: &Config) -> store::Options {
    let durability = match config.durability {
        Durability::Strict => store::Durability::Strict,
        Durability::Relaxed => store::Durability::Relaxed { at_most_ms: limits::RELAXED_SYNC_MS },
    };
    store::Options { folder: config.data_dir.clone(), durability, vfs: None }
}

fn sandbox_options(config: &Config, compiler: PathBuf) -> sandbox::Options {
    sandbox::Options {
        cache: config.cache_dir.clone().unwrap_or_else(|| config.data_dir.join("compiled")),
        compiler: Compiler::Child(compiler),
        instances: config.workers,
        computing: config.computing,
        memory: config.instance_memory,
        memory_total: config.memory_total_bytes,
    }
}

/// Grants and bounds of plugins: their own tables' values, or the host's defaults where those say nothing.
fn plugin_settings(config: &Config) -> Settings {
    let allowance = |plugin: &PluginConfig| Allowance {
        grants: Arc::new(plugin.grants.clone()),
        bounds: Bounds {
            memory_bytes: plugin.memory_bytes.unwrap_or(config.memory_bytes),
            deadline_ms: plugin.deadline_ms.unwrap_or(config.deadline_ms),
        },
    };
    let plugins = config.plugins.iter().map(|(name, plugin)| (name.clone(), allowance(plugin))).collect();
    let nothing = PluginConfig { grants: Grants::default(), ..PluginConfig::default() };
    Settings { plugins, others: allowance(&nothing) }
}

/// Loads a component as a host would, and returns the plugin and its functions. No store and no other plugin has a say.
pub async fn check(
    config: &Config,
    world: World,
    name: &PluginName,
    bytes: Arc<[u8]>,
) -> Result<(Plugin, Vec<Definition>), registry::Error> {
    let sandbox = Sandbox::new(sandbox_options(config, world.compiler))?;
    registry::examine(&sandbox, &config.namespace, name, bytes).await
}

/// Waits for a request to stop: Ctrl-C, or SIGTERM as service managers send it.
pub struct Signals(watch::Receiver<u32>);

impl Signals {
    /// Ends when the process is asked to stop once more since it last ended.
    pub async fn wait(&mut self) {
        // The sender lives as long as the runtime.
        let _ = self.0.changed().await;
    }
}

/// Takes the signals from now on.
pub fn signals() -> io::Result<Signals> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, receiver) = watch::channel(0);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            sender.send_modify(|count| *count += 1);
        }
    });
    Ok(Signals(receiver))
}
