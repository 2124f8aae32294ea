//! The store on one machine: SQLite, one writer with group commit, few readers.

mod act;
mod after;
mod agenda;
mod bulk;
mod claims;
mod components;
mod doors;
mod followers;
mod gather;
mod leases;
mod logs;
mod mail;
mod names;
mod plugins;
mod publish;
mod queue;
mod readers;
mod recovery;
mod replay;
mod retries;
mod rows;
mod schema;
mod seeds;
mod served;
mod settle;
mod shared;
mod slots;
mod verbs;
mod views;
mod waits;
mod wal_file;
mod writer;

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Error;
use crate::limits;
use mail::Mailbox;
use names::Names;
use readers::Readers;
use shared::{Beginning, Shared};
use slots::Slots;
use wal_file::WalFile;
use writer::Writer;

/// The worth of an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// An acknowledged write is on disk.
    #[default]
    Strict,
    /// Nothing is lost when the process dies; a power loss may take the last so many milliseconds.
    Relaxed { at_most_ms: u64 },
}

/// Where and how a store is kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder. It is made if need be, and belongs to one host at a time.
    pub folder: PathBuf,
    pub durability: Durability,
    /// A VFS that SQLite knows by this name, in place of the system's own.
    pub vfs: Option<String>,
}

/// Counts of a store's work since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    pub commits: u64,
    pub syncs: u64,
    /// Handed to the system by the writer, most of it for the database and its log; 0 where the system does not tell.
    pub written_bytes: u64,
    /// How often the write-ahead log was brought into the database.
    pub checkpoints: u64,
    /// Log lines that were left out because too many waited.
    pub log_lines_dropped: u64,
}

/// A store in a data folder. Dropped without [`super::Store::close`], it leaves things as a crash would.
#[derive(Debug)]
pub struct SqliteStore {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    id_floor: i64,
    lock: Mutex<Option<File>>,
}

impl SqliteStore {
    /// Opens the data folder, puts in order what the process before has left, and starts the writer.
    pub fn open(options: Options) -> Result<Self, Error> {
        let Opened { writer, id_floor, lock } = Opened::at(&options)?;
        let shared = writer.shared.clone();
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || writer.run());
        let thread = thread.map_err(|error| Error::Unusable(format!("the writer could not be started: {error}")))?;
        shared.news.notify_one();
        Ok(Self { shared, writer: Mutex::new(Some(thread)), id_floor, lock: Mutex::new(Some(lock)) })
    }

    /// The greatest row in use when the store was opened: where [`crate::model::IdSource`] goes on from.
    pub fn id_floor(&self) -> i64 {
        self.id_floor
    }

    pub fn stats(&self) -> Stats {
        let counters = &self.shared.counters;
        Stats {
            commits: counters.commits.load(Ordering::Relaxed),
            syncs: counters.syncs.load(Ordering::Relaxed),
            written_bytes: counters.written_bytes(),
            checkpoints: counters.checkpoints.load(Ordering::Relaxed),
            log_lines_dropped: self.shared.logs.dropped(),
        }
    }

    fn take_writer(&self) -> Option<JoinHandle<()>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn unlock(&self) {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// A data folder whose writer does not run yet.
struct Opened {
    writer: Writer,
    id_floor: i64,
    lock: File,
}

impl Opened {
    fn at(options: &Options) -> Result<Self, Error> {
        let folder = &options.folder;
        fs::create_dir_all(folder).map_err(|error| {
            Error::Unusable(format!("the data folder {} cannot be made: {error}", folder.display()))
        })?;
        let lock = lock(folder)?;
        let database = folder.join("stepwell.db");
        let vfs = options.vfs.as_deref();
        let mut connection = schema::open(&database, options.durability, vfs)?;
        let leases = folder.join("leases");
        let found = recovery::recover(&mut connection, &leases)?;
        let slots = Slots::create(&leases, found.incarnation)
            .map_err(|error| Error::Unusable(format!("{} cannot be written: {error}", leases.display())))?;
        let names = Names::load(&connection)?;
        let unended = recovery::read_unended(&connection, &names)?;
        let components = folder.join("components");
        recovery::forget_versions(&connection, &names, &unended, &components)?;
        let shared = Arc::new(Shared::new(Beginning {
            agenda: recovery::read_agenda(&connection)?,
            names,
            slots,
            readers: Arc::new(Readers::new(database, options.vfs.clone())),
            components,
            incarnation: found.incarnation,
            generation: found.generation,
            unended,
            mailbox: Mailbox::begin(mail::read_all(&connection)?),
        }));
        let wal = WalFile::new(folder.join("stepwell.db-wal"), options.durability);
        if let Err(error) = wal.reserve() {
            tracing::warn!(%error, "no room could be reserved for the write-ahead log");
        }
        let writer = Writer::new(connection, shared, &found, wal)?;
        Ok(Self { writer, id_floor: found.last_row, lock })
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.shared.queue.abandon();
        if let Some(writer) = self.take_writer() {
            // A writer that has panicked has said so; nothing is left to do here.
            let _ = writer.join();
        }
    }
}

/// The folder belongs to this process until the file is closed: the system gives it back even after a crash. A child that
/// the process before was about to start may hold it for an instant longer.
fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let unusable = |error: std::io::Error| Error::Unusable(format!("{} cannot be used: {error}", path.display()));
    let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(unusable)?;
    let mut locked = file.try_lock();
    for _ in 1..limits::LOCK_TRIES {
        if !matches!(locked, Err(TryLockError::WouldBlock)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(limits::LOCK_TRY_MS));
        locked = file.try_lock();
    }
    match locked {
        Ok(()) => {
            file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(unusable)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The number is a courtesy.
            let _ = file.rewind().and_then(|()| file.read_to_string(&mut holder));
            Err(Error::Unusable(format!(
                "the data folder {} is in use by another stepwell (process {holder}): stop that one, or give this one \
                 another data folder",
                folder.display()
            )))
        }
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error.to_string())
    }
}

impl From<rusqlite::types::FromSqlError> for Error {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        Self::Engine(error.to_string())
    }
}

#[cfg(test)]
mod effort;
#[cfg(test)]
mod forgetful;
#[cfg(test)]
mod power;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Publication, Store, conformance};

    fn options(folder: &Path) -> Options {
        Options { folder: folder.to_owned(), durability: Durability::Strict, vfs: None }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conforms() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = async |name: &str| SqliteStore::open(options(&folder.path().join(name))).expect("opens");
        conformance::exercise(open).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conforms_when_relaxed() {
        let folder = tempfile::tempdir().expect("a folder");
        let durability = Durability::Relaxed { at_most_ms: 5 };
        let options = |name: &str| Options { durability, ..options(&folder.path().join(name)) };
        conformance::exercise(async |name: &str| SqliteStore::open(options(name)).expect("opens")).await;
    }

    #[tokio::test]
    async fn relaxed_syncs_in_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let durability = Durability::Relaxed { at_most_ms: 5 };
        let store = SqliteStore::open(Options { durability, ..options(folder.path()) }).expect("opens");
        let namespace = crate::model::Namespace::default();
        let event = crate::model::IdSource::new(0, [1; 32]).event(1_000);
        let event = crate::model::Event::receive(r#"{"name":"n"}"#, &namespace, event, 1_000).expect("valid");
        let publication = Publication { event: event.into(), runs: Vec::new() };
        store.publish(0, vec![publication]).await.expect("published");
        assert_eq!(store.stats().commits, 1);
        let begun = std::time::Instant::now();
        while store.stats().syncs == 0 {
            assert!(begun.elapsed().as_secs() < 5, "it syncs by itself");
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert_eq!(store.stats().syncs, 1, "once");
    }

    #[test]
    fn a_folder_belongs_to_one_host() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = SqliteStore::open(options(folder.path())).expect("opens");
        let error = SqliteStore::open(options(folder.path())).expect_err("in use").to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        drop(first);
        SqliteStore::open(options(folder.path())).expect("it is free again");
    }
}
