//! When the write-ahead log is synced, and how often it was.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Durability;
use super::shared::Counters;
use crate::limits;

#[derive(Debug)]
pub struct WalFile {
    durability: Durability,
    path: PathBuf,
    file: Option<File>,
    unsynced_since: Option<Instant>,
}

impl WalFile {
    pub fn new(path: PathBuf, durability: Durability) -> Self {
        Self { durability, path, file: None, unsynced_since: None }
    }

    /// Makes the log as long as it will become anyway. What follows its last commit is never read.
    pub fn reserve(&self) -> std::io::Result<()> {
        let mut file = File::options().append(true).open(&self.path)?;
        let missing = limits::WAL_RESERVED_BYTES.saturating_sub(file.metadata()?.len());
        std::io::copy(&mut std::io::repeat(0).take(missing), &mut file)?;
        file.sync_all()
    }

    /// A commit was written, and with strict durability synced.
    pub fn written(&mut self, counters: &Counters) {
        match self.durability {
            Durability::Strict => {
                counters.syncs.fetch_add(1, Ordering::Relaxed);
            }
            Durability::Relaxed { .. } => {
                self.unsynced_since.get_or_insert_with(Instant::now);
            }
        }
    }

    /// The log was brought into the database: it was synced, then the database, then its new beginning will be.
    pub fn written_back(&mut self, counters: &Counters) {
        counters.checkpoints.fetch_add(1, Ordering::Relaxed);
        counters.syncs.fetch_add(if self.durability == Durability::Strict { 3 } else { 2 }, Ordering::Relaxed);
        self.unsynced_since = None;
    }

    /// With relaxed durability: when the next sync is due.
    pub fn sync_due(&self) -> Option<Instant> {
        let Durability::Relaxed { at_most_ms } = self.durability else { return None };
        self.unsynced_since.map(|since| since + Duration::from_millis(at_most_ms))
    }

    pub fn sync_if_due(&mut self, counters: &Counters) {
        if self.sync_due().is_none_or(|due| due > Instant::now()) {
            return;
        }
        if let Err(error) = self.sync() {
            tracing::error!(%error, "the log cannot be synced: the host ends, to promise nothing that it cannot keep");
            std::process::abort();
        }
        counters.syncs.fetch_add(1, Ordering::Relaxed);
        self.unsynced_since = None;
    }

    /// Through a handle of our own: what counts is the file, not who wrote it.
    fn sync(&mut self) -> std::io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => File::open(&self.path)?,
        };
        file.sync_data()?;
        self.file = Some(file);
        Ok(())
    }
}
