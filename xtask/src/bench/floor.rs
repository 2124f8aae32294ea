//! The limits of the machine: a synced append, and SQLite's commits.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use rusqlite::Connection;
use serde::Serialize;

/// SQLite in WAL mode with `synchronous=FULL`, rows of 100 bytes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Floor {
    pub commits_per_s: f64,
    /// With 100 rows in each commit.
    pub rows_per_s: f64,
}

/// Median of a 4 KiB append and `fdatasync`, in milliseconds.
pub fn sync_ms(folder: &Path) -> Result<f64> {
    let path = folder.join("floor.bin");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
    let mut times = Vec::new();
    for _ in 0..200 {
        let started = Instant::now();
        file.write_all(&[7; 4_096])?;
        file.sync_data()?;
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
    }
    std::fs::remove_file(path)?;
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

pub fn sqlite(folder: &Path) -> Result<Floor> {
    Ok(Floor { commits_per_s: rows_per_s(folder, 1)?, rows_per_s: rows_per_s(folder, 100)? })
}

fn rows_per_s(folder: &Path, rows_per_commit: usize) -> Result<f64> {
    let path = folder.join(format!("floor-{rows_per_commit}.db"));
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    let mut connection = Connection::open(&path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE journal (id INTEGER PRIMARY KEY, data BLOB NOT NULL)")?;
    let commits = if rows_per_commit == 1 { 1_000 } else { 300 };
    let started = Instant::now();
    for _ in 0..commits {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO journal (data) VALUES (?1)")?;
            for _ in 0..rows_per_commit {
                insert.execute([&[7_u8; 100][..]])?;
            }
        }
        transaction.commit()?;
    }
    let rate = (commits * rows_per_commit) as f64 / started.elapsed().as_secs_f64();
    drop(connection);
    std::fs::remove_file(path)?;
    Ok(rate)
}
