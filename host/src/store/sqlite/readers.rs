//! Connections that read beside the writer: few, opened when first needed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::schema;
use crate::limits;
use crate::store::Error;

#[derive(Debug)]
pub struct Readers {
    path: PathBuf,
    vfs: Option<String>,
    idle: Mutex<Vec<Connection>>,
    room: Arc<Semaphore>,
}

impl Readers {
    pub fn new(path: PathBuf, vfs: Option<String>) -> Self {
        Self { path, vfs, idle: Mutex::default(), room: Arc::new(Semaphore::new(limits::READERS_MAX)) }
    }

    /// Reads one state of the database: `read` runs in a transaction, on a thread that may block.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let place = self.room.clone().acquire_owned().await.map_err(|_| Error::Closing)?;
        let readers = self.clone();
        // The place is the thread's, which goes on reading when nobody waits for it any more.
        let task = tokio::task::spawn_blocking(move || {
            let answer = readers.read_here(read);
            drop(place);
            answer
        });
        task.await.map_err(|error| Error::Engine(format!("a reader died: {error}")))?
    }

    fn read_here<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open()?,
        };
        let transaction = connection.unchecked_transaction()?;
        let answer = read(&transaction);
        transaction.finish()?;
        if !self.room.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        answer
    }

    fn open(&self) -> Result<Connection, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = schema::connect(&self.path, flags, self.vfs.as_deref())?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// Reads nothing from now on.
    pub fn close(&self) {
        self.room.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
