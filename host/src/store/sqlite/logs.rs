//! Log lines on their way to disk: best effort, each once, so many for each run.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Row, params};

use crate::limits;
use crate::model::{Json, OpKey};
use crate::store::{Error, LogLine};

const LEVELS: [&str; 6] = ["debug", "info", "warn", "error", "stdout", "stderr"];

/// Lines that wait.
#[derive(Debug, Default)]
pub struct LogBuffer {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<(i64, LogLine)>,
    bytes: usize,
    dropped: u64,
}

impl LogBuffer {
    /// Takes lines of the run in that row. Answers whether there were none before.
    pub fn add(&self, row: i64, lines: Vec<LogLine>) -> bool {
        let mut waiting = self.waiting();
        let was_empty = waiting.lines.is_empty();
        for line in lines {
            let bytes = size_of::<LogLine>() + line.message.len() + line.fields.as_ref().map_or(0, Json::len);
            if waiting.bytes + bytes > limits::LOG_BUFFER_MAX_BYTES {
                waiting.dropped += 1;
                continue;
            }
            waiting.bytes += bytes;
            waiting.lines.push((row, line));
        }
        was_empty && !waiting.lines.is_empty()
    }

    pub fn take(&self) -> Vec<(i64, LogLine)> {
        let mut waiting = self.waiting();
        waiting.bytes = 0;
        std::mem::take(&mut waiting.lines)
    }

    pub fn has_lines_of(&self, row: i64) -> bool {
        self.waiting().lines.iter().any(|(of, _)| *of == row)
    }

    /// Lines that there was no room for.
    pub fn dropped(&self) -> u64 {
        self.waiting().dropped
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes lines, each once, up to the bound of its run; behind that one line says how many were left out.
pub fn write(connection: &Connection, lines: Vec<(i64, LogLine)>) -> rusqlite::Result<()> {
    let mut counts = HashMap::new();
    let mut left_out: HashMap<i64, u64> = HashMap::new();
    let mut count = connection.prepare_cached(r#"SELECT count(*) FROM logs WHERE run = ? AND "order" < 4294967295"#)?;
    let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for (run, line) in lines {
        let known = match counts.entry(run) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(count.query_row([run], |row| row.get::<_, u32>(0))?),
        };
        if *known >= limits::LOG_LINES_PER_RUN_MAX {
            *left_out.entry(run).or_default() += 1;
            continue;
        }
        let level = LEVELS.iter().position(|level| *level == line.level).unwrap_or(1) as i64;
        // No step has an empty id.
        let (step_id, step_n) = line.step.as_ref().map_or(("", 0), |key| (&*key.id, key.n));
        let fields = line.fields.as_ref().map(Json::as_str);
        *known += insert.execute(params![
            run,
            line.attempt,
            line.order,
            line.nth,
            step_id,
            step_n,
            line.at as i64,
            level,
            line.message,
            fields
        ])? as u32;
    }
    left_out.into_iter().try_for_each(|(run, lines)| note_left_out(connection, run, lines))
}

/// The number stands in `at` of a last line; [`read_line`] makes a sentence of it.
fn note_left_out(connection: &Connection, run: i64, lines: u64) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO logs VALUES (?1, 4294967295, 4294967295, 0, '', 0, ?2, 2, '', NULL)
         ON CONFLICT DO UPDATE SET at = at + ?2",
        params![run, lines as i64],
    )?;
    Ok(())
}

/// A run's lines by time; of lines of one time the body's first, then each step's. Attempts say nothing about the time,
/// since each step counts its own.
pub fn read(connection: &Connection, run: i64) -> Result<Vec<LogLine>, Error> {
    let mut query = connection.prepare_cached(
        r#"SELECT attempt, "order", nth, step_id, step_n, at, level, message, fields FROM logs WHERE run = ?
           ORDER BY "order" = 4294967295, at, "order", step_id, step_n, attempt, nth"#,
    )?;
    let lines = query.query_map([run], read_line)?.collect::<Result<Vec<_>, _>>()?;
    Ok(lines)
}

fn read_line(row: &Row<'_>) -> Result<LogLine, rusqlite::Error> {
    let order: u32 = row.get(1)?;
    let at = row.get::<_, i64>(5)? as u64;
    let is_note = order == u32::MAX;
    let step: String = row.get(3)?;
    Ok(LogLine {
        attempt: row.get(0)?,
        order,
        nth: row.get(2)?,
        step: match step.is_empty() {
            false => Some(OpKey::new(step, row.get(4)?)),
            true => None,
        },
        at: if is_note { 0 } else { at },
        level: LEVELS.get(row.get::<_, u32>(6)? as usize).copied().unwrap_or("info"),
        message: if is_note { format!("[{at} more lines left out]") } else { row.get(7)? },
        fields: row.get::<_, Option<String>>(8)?.map(Json::trusted),
    })
}
