//! A folder whose components are the live plugins: what is put there is offered, what is taken away is retired.
//!
//! The folder is compared with what was last seen of it, so a report that got lost costs time and nothing else. The
//! system's reports only say when to look.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::Watcher as _;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::{Error, Offered, Registry};
use crate::limits;
use crate::model::{Digest, Namespace, PluginName};

/// The subject of a watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Every `.wasm` file in the folder.
    Folder(PathBuf),
    /// A single file.
    File(PathBuf),
}

impl Source {
    /// The folder to look into, and to be told about.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::File(path) => path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new(".")),
        }
    }

    fn has(&self, name: &OsString) -> bool {
        match self {
            Self::Folder(_) => Path::new(name).extension().is_some_and(|extension| extension == "wasm"),
            Self::File(path) => path.file_name() == Some(name),
        }
    }
}

/// The fate of a file.
#[derive(Debug)]
pub enum News {
    Offered { plugin: PluginName, offered: Offered },
    Refused { path: PathBuf, error: Refusal },
    Retired { plugin: PluginName },
}

/// Why a file is no live plugin. If an earlier version was live, it still is.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the file's name is to be the plugin's name: {0}")]
    Name(String),
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error(transparent)]
    Registry(#[from] Error),
}

/// The subscribers to changes.
pub type Reporter = Arc<dyn Fn(News) + Send + Sync>;

/// Keeps a registry like a folder.
pub struct Watch {
    registry: Arc<Registry>,
    namespace: Namespace,
    source: Source,
    report: Reporter,
    seen: HashMap<OsString, Seen>,
}

/// The state of a file when it was last seen.
struct Seen {
    stamp: Stamp,
    /// Of the content that was offered; `None`: to be read again, something passing stood in the way.
    digest: Option<Digest>,
    gone: Option<Instant>,
}

/// Stands for a content that could not be read.
const UNREADABLE: Digest = Digest([0; 32]);

/// Tells whether a file may have changed without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    inode: u64,
    /// Seconds and nanoseconds: when content, name or permissions last changed.
    changed: (i64, i64),
}

/// When to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Again {
    Soon,
    WhenTold,
}

impl Watch {
    /// Offers what is there now.
    pub async fn open(
        registry: Arc<Registry>,
        namespace: Namespace,
        source: Source,
        report: Reporter,
    ) -> io::Result<Self> {
        let mut watch = Self { registry, namespace, source, report, seen: HashMap::new() };
        watch.look().await?;
        Ok(watch)
    }

    /// The plugins whose files are there, live or not.
    pub fn plugins(&self) -> impl Iterator<Item = PluginName> {
        self.seen.keys().filter_map(|name| plugin_name(name).ok())
    }

    /// Follows the folder until told to stop.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let told = Arc::new(Notify::new());
        let _watcher = self.subscribe(told.clone());
        // Changes from before the system was asked to report them.
        told.notify_one();
        let mut again = Again::WhenTold;
        loop {
            let patience = match again {
                Again::Soon => limits::WATCH_QUIET_MS,
                Again::WhenTold => limits::WATCH_POLL_MS,
            };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                _ = timeout(Duration::from_millis(patience), told.notified()) => {}
            }
            quiet(&told).await;
            again = self.look().await.unwrap_or_else(|error| {
                let folder = self.source.folder().display();
                tracing::warn!(%folder, %error, "the folder cannot be read; plugins stay as they are");
                Again::WhenTold
            });
        }
    }

    /// Without reports the folder is looked at from time to time.
    fn subscribe(&self, told: Arc<Notify>) -> Option<notify::RecommendedWatcher> {
        let folder = self.source.folder();
        let watcher = notify::recommended_watcher(move |_| told.notify_one());
        let subscribed = watcher.and_then(|mut watcher| {
            watcher.watch(folder, notify::RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        subscribed
            .inspect_err(|error| tracing::warn!(folder = %folder.display(), %error, "changes are noticed late"))
            .ok()
    }

    /// Compares the folder with what was last seen of it.
    async fn look(&mut self) -> io::Result<Again> {
        let found = list(&self.source)?;
        let mut again = Again::WhenTold;
        for (name, stamp) in &found {
            again = again.min(self.found(name, *stamp).await);
        }
        let missing: Vec<_> = self.seen.keys().filter(|name| !found.contains_key(*name)).cloned().collect();
        for name in missing {
            again = again.min(self.missing(&name).await);
        }
        Ok(again)
    }

    async fn found(&mut self, name: &OsString, stamp: Stamp) -> Again {
        if let Some(seen) = self.seen.get_mut(name) {
            seen.gone = None;
            if seen.stamp == stamp && seen.digest.is_some() {
                return Again::WhenTold;
            }
        }
        let path = self.source.folder().join(name);
        let before = self.seen.get(name).and_then(|seen| seen.digest);
        let digest = match read_stable(&path, stamp).await {
            Ok(Some(bytes)) if before == Some(Digest::of(&bytes)) => before,
            Ok(Some(bytes)) => self.offer(name, path, bytes).await,
            Ok(None) => None,
            Err(error) => {
                (self.report)(News::Refused { path, error: error.into() });
                Some(UNREADABLE)
            }
        };
        self.seen.insert(name.clone(), Seen { stamp, digest, gone: None });
        if digest.is_none() { Again::Soon } else { Again::WhenTold }
    }

    /// Returns the files that need not be offered again.
    async fn offer(&self, name: &OsString, path: PathBuf, bytes: Vec<u8>) -> Option<Digest> {
        let digest = Digest::of(&bytes);
        let plugin = match plugin_name(name) {
            Ok(plugin) => plugin,
            Err(error) => {
                (self.report)(News::Refused { path, error });
                return Some(digest);
            }
        };
        match self.registry.offer(&self.namespace, &plugin, bytes.into()).await {
            Ok(offered) => (self.report)(News::Offered { plugin, offered }),
            Err(error) if error.is_transient() => {
                tracing::warn!(%plugin, %error, "the plugin cannot be loaded now; trying again");
                return None;
            }
            Err(error) => (self.report)(News::Refused { path, error: error.into() }),
        }
        Some(digest)
    }

    async fn missing(&mut self, name: &OsString) -> Again {
        let Some(seen) = self.seen.get_mut(name) else { return Again::WhenTold };
        let gone = *seen.gone.get_or_insert_with(Instant::now);
        if gone.elapsed() < Duration::from_millis(limits::WATCH_GONE_MS) {
            return Again::Soon;
        }
        if let Ok(plugin) = plugin_name(name) {
            match self.registry.retire(&self.namespace, &plugin).await {
                Ok(()) => (self.report)(News::Retired { plugin }),
                Err(Error::NoSuchPlugin(_)) => {}
                Err(error) => {
                    tracing::warn!(%plugin, %error, "the plugin cannot be retired now; trying again");
                    return Again::Soon;
                }
            }
        }
        self.seen.remove(name);
        Again::WhenTold
    }
}

/// Ends when nothing has been told for a while.
async fn quiet(told: &Notify) {
    let patience = Instant::now() + Duration::from_millis(limits::WATCH_PATIENCE_MS);
    while timeout(Duration::from_millis(limits::WATCH_QUIET_MS), told.notified()).await.is_ok() {
        if Instant::now() > patience {
            return;
        }
    }
}

fn list(source: &Source) -> io::Result<BTreeMap<OsString, Stamp>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(source.folder())? {
        let entry = entry?;
        let name = entry.file_name();
        if !source.has(&name) {
            continue;
        }
        // Gone again, or a link to nothing: as if it were not there.
        if let Ok(stamp) = stamp(&entry.path()) {
            found.insert(name, stamp);
        }
    }
    Ok(found)
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    Ok(Stamp { length: metadata.len(), inode: metadata.ino(), changed })
}

/// Returns the file's content, or `None` if it changed while it was read, or went away. At most one byte more is read
/// than a component may have: a larger file is refused for its size.
async fn read_stable(path: &Path, before: Stamp) -> io::Result<Option<Vec<u8>>> {
    use tokio::io::AsyncReadExt as _;
    let mut bytes = Vec::new();
    let file = match tokio::fs::File::open(path).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    file.take(limits::COMPONENT_MAX_BYTES as u64 + 1).read_to_end(&mut bytes).await?;
    let after = stamp(path).ok();
    Ok((after == Some(before)).then_some(bytes))
}

/// A file's stem.
fn plugin_name(file: &OsString) -> Result<PluginName, Refusal> {
    let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    PluginName::new(&stem).map_err(|error| Refusal::Name(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::model::SystemClock;
    use crate::registry::{Allowance, Settings};
    use crate::sandbox::{self, Bounds, Compiler, Sandbox};
    use crate::store::{self, SqliteStore};

    /// A watch on an empty folder, and what it has reported.
    async fn open(folder: &Path) -> (Watch, Arc<Mutex<Vec<String>>>) {
        let data = folder.join("data");
        let options = store::Options { folder: data.clone(), durability: store::Durability::Strict, vfs: None };
        let store = Arc::new(SqliteStore::open(options).expect("opens"));
        let options = sandbox::Options {
            cache: data.join("compiled"),
            compiler: Compiler::InProcess,
            instances: 1,
            computing: 1,
            memory: sandbox::InstanceMemory::Reset,
            memory_total: 1 << 30,
        };
        let sandbox = Sandbox::new(options).expect("sets up");
        let bounds = Bounds { memory_bytes: 1 << 20, deadline_ms: 1_000 };
        let settings = Settings { plugins: BTreeMap::new(), others: Allowance { grants: Arc::default(), bounds } };
        let registry = Registry::open(store, sandbox, Arc::new(SystemClock), settings).await.expect("opens");
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = told.clone();
        let report = move |news: News| {
            let News::Refused { path, error } = news else { panic!("no file is a component") };
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            let reason = error.to_string().chars().take(24).collect::<String>();
            sink.lock().expect("no panic").push(format!("{name}: {reason}"));
        };
        let source = Source::Folder(folder.to_owned());
        let watch = Watch::open(registry, Namespace::default(), source, Arc::new(report)).await.expect("opens");
        (watch, told)
    }

    #[tokio::test]
    async fn what_is_refused_is_told_once_for_each_content() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut watch, told) = open(folder.path()).await;
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        let news = || std::mem::take(&mut *told.lock().expect("no panic"));
        put("a.wasm", "one");
        put("a b.wasm", "two");
        put("readme.txt", "three");
        assert_eq!(watch.look().await.expect("looks"), Again::WhenTold);
        let mut first = news();
        first.sort();
        assert_eq!(first, ["a b.wasm: the file's name is to be", "a.wasm: the file is not WebAssem"]);
        watch.look().await.expect("looks");
        put("a.wasm", "one");
        watch.look().await.expect("looks");
        assert!(news().is_empty(), "the content is the same");
        put("a.wasm", "more");
        watch.look().await.expect("looks");
        assert_eq!(news().len(), 1);
    }

    #[tokio::test]
    async fn a_file_has_to_stay_away_for_a_while() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut watch, told) = open(folder.path()).await;
        let path = folder.path().join("a.wasm");
        std::fs::write(&path, "one").expect("written");
        watch.look().await.expect("looks");
        assert_eq!(watch.plugins().count(), 1);
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(watch.look().await.expect("looks"), Again::Soon);
        assert_eq!(watch.plugins().count(), 1);
        tokio::time::sleep(Duration::from_millis(limits::WATCH_GONE_MS)).await;
        assert_eq!(watch.look().await.expect("looks"), Again::WhenTold);
        assert_eq!((watch.plugins().count(), told.lock().expect("no panic").len()), (0, 1));
    }
}
