//! Opening the database: settings, and migrations up to the schema that this version knows.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Durability;
use crate::store::Error;

/// In order; the number of those applied is the database's `user_version`.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_first.sql"),
    include_str!("../../../migrations/sqlite/0002_outside.sql"),
    include_str!("../../../migrations/sqlite/0003_gates.sql"),
    include_str!("../../../migrations/sqlite/0004_flow.sql"),
    include_str!("../../../migrations/sqlite/0005_cancellations.sql"),
    include_str!("../../../migrations/sqlite/0006_replays.sql"),
    include_str!("../../../migrations/sqlite/0007_log_lines_of_steps.sql"),
    include_str!("../../../migrations/sqlite/0008_bulk_retries.sql"),
];

/// Small pages: with one commit for each acceptance and each end, most of what is written is pages around few new rows
/// (÷2.8 bytes at one run at once against 4096).
pub const PAGE_BYTES: u64 = 1_024;
/// Page cache of one connection.
const CACHE_KIB: i64 = 2_048;

pub fn connect(path: &Path, flags: OpenFlags, vfs: Option<&str>) -> Result<Connection, Error> {
    let connection = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    // Else whatever has an order or a limit beside its parameters is compiled anew each time, since a plan could be made
    // for the values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// The connection that writes, its schema up to date.
pub fn open(path: &Path, durability: Durability, vfs: Option<&str>) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connect(path, flags, vfs)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES as i64)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match durability {
        Durability::Strict => "FULL",
        Durability::Relaxed { .. } => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // The writer decides itself when to write the log back: between answers, not before one.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    migrate(&mut connection)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), Error> {
    let applied: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = MIGRATIONS.len() as i64;
    if applied > known {
        return Err(Error::Unusable(format!(
            "the database has schema {applied}, this version of stepwell knows up to {known}: it was written by a \
             newer version; start that one, or use another data folder"
        )));
    }
    for (position, migration) in MIGRATIONS.iter().enumerate().skip(applied as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", position as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn statements_are_compiled_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = open(&folder.path().join("test.db"), Durability::Strict, None).expect("new");
        let sql = "SELECT records FROM segments WHERE run = ? ORDER BY first";
        for run in 0..3 {
            let mut query = connection.prepare_cached(sql).expect("compiles");
            assert!(!query.exists([run]).expect("runs"));
        }
        let query = connection.prepare_cached(sql).expect("is there");
        assert_eq!(query.get_status(StatementStatus::RePrepare), 0);
    }

    #[test]
    fn refuses_a_newer_schema() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("test.db");
        let connection = open(&path, Durability::Strict, None).expect("new");
        connection.pragma_update(None, "user_version", 99).expect("written");
        drop(connection);
        let error = open(&path, Durability::Strict, None).expect_err("too new").to_string();
        assert!(error.contains("schema 99"), "{error}");
    }
}
