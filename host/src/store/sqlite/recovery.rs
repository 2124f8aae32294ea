//! Recovery of what the process before this one has left.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::agenda::{Agenda, Listed, Turn};
use super::components;
use super::names::Names;
use super::rows;
use super::{plugins, slots};
use crate::flow::Gates;
use crate::limits;
use crate::model::{Arrival, Digest, Entry, Millis, Record};
use crate::store::{Error, codec, fault};

/// Puts in order what is on disk.
#[derive(Debug)]
pub struct Found {
    pub generation: u64,
    pub incarnation: i64,
    pub floor: i64,
    pub last_row: i64,
    pub last_mail: i64,
}

/// In one transaction: counts interruptions, lists every unended run, and begins a new incarnation.
pub fn recover(connection: &mut Connection, leases: &Path) -> Result<Found, Error> {
    let executing = slots::read(leases)
        .map_err(|error| Error::Unusable(format!("{} cannot be read: {error}", leases.display())))?;
    let transaction = connection.transaction()?;
    let (generation, floor, incarnation, recovered): (i64, i64, i64, i64) =
        transaction.query_row("SELECT generation, floor, incarnation, recovered FROM house", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    // A crash right behind this transaction leaves the slots as they are: they must not count twice.
    let uncounted = executing.into_iter().filter(|(_, of)| *of > recovered).map(|(row, _)| row);
    for run in uncounted.collect::<HashSet<i64>>() {
        interrupt(&transaction, run)?;
    }
    list_young(&transaction, floor)?;
    // A run that has mail is to handle it.
    transaction.execute("UPDATE open SET due = 0 WHERE run IN (SELECT run FROM mail)", [])?;
    let last_mail = transaction.query_row("SELECT coalesce(max(seq), 0) FROM mail", [], |row| row.get(0))?;
    let last_run = last_row(&transaction, "runs")?;
    let last_row = last_row(&transaction, "events")?.max(last_run);
    transaction.execute(
        "UPDATE house SET floor = ?, recovered = ?, incarnation = ?",
        [last_run, incarnation, incarnation + 1],
    )?;
    fault::point("recovery.before_commit");
    transaction.commit()?;
    fault::point("recovery.after_commit");
    Ok(Found { generation: generation as u64, incarnation: incarnation + 1, floor: last_run, last_row, last_mail })
}

fn last_row(connection: &Connection, table: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("SELECT coalesce(max(row), 0) FROM {table}"), [], |row| row.get(0))
}

/// Notes in the run's journal that its host was lost, unless it has ended.
fn interrupt(connection: &Connection, run: i64) -> Result<(), Error> {
    let is_open = "SELECT 1 FROM runs WHERE row = ?1 AND NOT EXISTS (SELECT 1 FROM ends WHERE run = ?1)";
    if connection.query_row(is_open, [run], |_| Ok(())).optional()?.is_none() {
        return Ok(());
    }
    let journal = rows::segments(connection, run)?;
    let (order, at) = journal.last().map_or((0, run as u64 >> 15), |record| (record.order + 1, record.at));
    let mut segment = Vec::new();
    // When it happened nobody knows: not before the last record.
    codec::add_record(&mut segment, &Record { order, at, entry: Entry::Interrupted });
    connection.execute("INSERT INTO segments VALUES (?, ?, ?)", params![run, order, segment])?;
    Ok(())
}

/// Every unended run is in `open` from now on.
fn list_young(connection: &Connection, floor: i64) -> Result<(), Error> {
    connection.execute(
        "INSERT OR IGNORE INTO open SELECT row, row >> 15 FROM runs
         WHERE row > ? AND NOT EXISTS (SELECT 1 FROM ends WHERE ends.run = runs.row)",
        [floor],
    )?;
    Ok(())
}

/// The agenda as the table `open` has it.
pub fn read_agenda(connection: &Connection) -> Result<Agenda, Error> {
    let mut agenda = Agenda::default();
    agenda.gates = read_gates(connection)?;
    let (turns, beyond) = read_open(connection, (0, 0), limits::READY_IN_MEMORY_MAX)?;
    agenda.begin(turns, beyond);
    Ok(agenda)
}

/// The counts that the gates go on with.
fn read_gates(connection: &Connection) -> Result<Gates<(Turn, Listed)>, Error> {
    let mut arrivals = connection.prepare("SELECT key, arrival FROM paces")?;
    let arrivals = arrivals.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as Arrival)))?;
    let mut under_way = connection.prepare("SELECT run, pool FROM under_way")?;
    let under_way = under_way.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Gates::begin(arrivals.collect::<rusqlite::Result<_>>()?, under_way.collect::<rusqlite::Result<_>>()?))
}

/// So many turns from that one on, and the first that was not read.
pub fn read_open(connection: &Connection, from: Turn, max: usize) -> rusqlite::Result<(Vec<Turn>, Option<Turn>)> {
    let mut query = connection.prepare_cached(
        "SELECT due, run FROM open WHERE due >= ?1 AND (due, run) >= (?1, ?2) ORDER BY due, run LIMIT ?3",
    )?;
    let limit = max as i64 + 1;
    let turns = query.query_map(params![from.0.min(i64::MAX as Millis) as i64, from.1, limit], |row| {
        Ok((row.get::<_, i64>(0)? as Millis, row.get::<_, i64>(1)?))
    })?;
    let mut turns = turns.collect::<rusqlite::Result<Vec<Turn>>>()?;
    let beyond = if turns.len() > max { turns.pop() } else { None };
    Ok((turns, beyond))
}

/// Unended runs of each version.
pub fn read_unended(connection: &Connection, names: &Names) -> Result<HashMap<Digest, u64>, Error> {
    let mut query =
        connection.prepare("SELECT version, count(*) FROM open JOIN runs ON runs.row = open.run GROUP BY version")?;
    let mut found = query.query([])?;
    let mut unended = HashMap::new();
    while let Some(row) = found.next()? {
        unended.insert(names.digest_of(row.get(0)?)?, row.get::<_, i64>(1)? as u64);
    }
    Ok(unended)
}

/// Forgets versions that are neither live nor needed by an unended run.
pub fn forget_versions(
    connection: &Connection,
    names: &Names,
    unended: &HashMap<Digest, u64>,
    folder: &Path,
) -> Result<(), Error> {
    let versions = plugins::read(connection, names)?;
    let (wanted, unwanted): (Vec<_>, Vec<_>) =
        versions.into_iter().partition(|version| version.is_live || unended.contains_key(&version.digest));
    for version in unwanted {
        connection.execute(
            "DELETE FROM versions WHERE namespace = ? AND plugin = ? AND digest = ?",
            params![names.namespace(&version.namespace), version.plugin.as_str(), names.digest(&version.digest)],
        )?;
    }
    let wanted = wanted.into_iter().map(|version| version.digest);
    components::keep_only(folder, &wanted.chain(unended.keys().copied()).collect());
    Ok(())
}
