//! Reading runs, events and journals back from their rows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};

use super::agenda::Loaded;
use super::names::{Names, unreadable};
use super::settle::FAILED;
use crate::model::{
    Digest, Ended, Event, EventId, FunctionKey, Invoker, Json, Namespace, Outcome, Record, RunId, Terms,
};
use crate::store::{Error, codec};

/// A row of `runs`.
#[derive(Debug)]
pub struct RunRow {
    pub id: RunId,
    pub function: Arc<FunctionKey>,
    pub version: Digest,
    pub secret: [u8; 32],
    pub events: Vec<EventId>,
    pub failed_run: Option<RunId>,
    pub invoker: Option<Invoker>,
    pub terms: Option<Arc<Terms>>,
    pub replay_of: Option<RunId>,
}

/// Behind the row.
pub const RUN_COLUMNS: &str =
    "runs.id, runs.function, runs.version, secret, events, failed_run, invoker, terms, replay_of";

pub fn read_run(row: &Row<'_>, names: &Names) -> Result<RunRow, Error> {
    Ok(RunRow {
        id: RunId::from_bytes(codec::whole_id(row.get(0)?, row.get(1)?)),
        function: names.function_of(row.get(2)?)?,
        version: names.digest_of(row.get(3)?)?,
        secret: row.get(4)?,
        events: codec::read_ids(row.get_ref(5)?.as_blob()?, EventId::from_bytes),
        failed_run: row.get::<_, Option<[u8; 16]>>(6)?.map(RunId::from_bytes),
        invoker: row.get_ref(7)?.as_blob_or_null()?.map(codec::read_invoker).transpose().map_err(unreadable)?,
        terms: row.get_ref(8)?.as_blob_or_null()?.map(codec::read_terms).transpose().map_err(unreadable)?.map(Arc::new),
        replay_of: row.get::<_, Option<[u8; 16]>>(9)?.map(RunId::from_bytes),
    })
}

/// The run in that row.
pub fn run(connection: &Connection, names: &Names, row: i64) -> Result<Option<RunRow>, Error> {
    let mut query = connection.prepare_cached(&format!("SELECT row, {RUN_COLUMNS} FROM runs WHERE row = ?"))?;
    let mut rows = query.query([row])?;
    rows.next()?.map(|row| read_run(row, names)).transpose()
}

pub const EVENT_COLUMNS: &str = "row, id, namespace, name, sender_id, at, json";

pub fn read_event(row: &Row<'_>, namespace: &Namespace) -> Result<Event, Error> {
    Ok(Event {
        id: EventId::from_bytes(codec::whole_id(row.get(0)?, row.get(1)?)),
        namespace: namespace.clone(),
        name: row.get_ref(3)?.as_str()?.into(),
        sender_id: row.get_ref(4)?.as_str_or_null()?.map(Into::into),
        seed: None,
        at: row.get::<_, i64>(5)? as u64,
        json: Json::trusted(row.get_ref(6)?.as_str()?),
    })
}

/// The event of that id, wherever it belongs.
pub fn event(connection: &Connection, names: &Names, id: EventId) -> Result<Option<Event>, Error> {
    let mut query = connection.prepare_cached(&format!("SELECT {EVENT_COLUMNS} FROM events WHERE row = ?"))?;
    let mut rows = query.query([id.row()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let event = read_event(row, &names.namespace_of(row.get(2)?)?)?;
    Ok((event.id == id).then_some(event))
}

/// The records that were written before the run's end.
pub fn segments(connection: &Connection, run: i64) -> Result<Vec<Record>, Error> {
    let mut query = connection.prepare_cached("SELECT records FROM segments WHERE run = ? ORDER BY first")?;
    let mut rows = query.query([run])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        codec::read_records(row.get_ref(0)?.as_blob()?, &mut records).map_err(unreadable)?;
    }
    Ok(records)
}

/// The run's whole journal, and how it ended if it has.
pub fn journal(connection: &Connection, run: RunId) -> Result<(Vec<Record>, Option<Ended>), Error> {
    let mut records = segments(connection, run.row())?;
    let mut query = connection.prepare_cached("SELECT records, at, outcome, started FROM ends WHERE run = ?")?;
    let mut rows = query.query([run.row()])?;
    let Some(row) = rows.next()? else { return Ok((records, None)) };
    if let Some(segment) = row.get_ref(0)?.as_blob_or_null()? {
        codec::read_records(segment, &mut records).map_err(unreadable)?;
    }
    Ok((records, Some(read_end(run, row, 1)?)))
}

/// How the run ended, without its journal.
pub fn end(connection: &Connection, run: RunId) -> Result<Option<Ended>, Error> {
    let mut query = connection.prepare_cached("SELECT at, outcome, started FROM ends WHERE run = ?")?;
    let mut rows = query.query([run.row()])?;
    rows.next()?.map(|row| read_end(run, row, 0)).transpose()
}

fn read_end(run: RunId, row: &Row<'_>, first: usize) -> Result<Ended, Error> {
    let started = row.get_ref(first + 2)?.as_blob_or_null()?.unwrap_or_default();
    Ok(Ended {
        run,
        at: row.get::<_, i64>(first)? as u64,
        outcome: codec::read_outcome(row.get_ref(first + 1)?.as_blob()?).map_err(unreadable)?,
        started: codec::read_ids(started, RunId::from_bytes),
    })
}

/// Its replays, oldest first.
pub fn replays(connection: &Connection, of: RunId) -> rusqlite::Result<Vec<RunId>> {
    let mut query = connection.prepare_cached("SELECT row, id FROM runs WHERE replay_of = ? ORDER BY row")?;
    let id = |row: &Row<'_>| Ok(RunId::from_bytes(codec::whole_id(row.get(0)?, row.get(1)?)));
    query.query_map([of.to_bytes()], id)?.collect()
}

/// The journal and the outcome of a run that has failed.
pub fn failed(connection: &Connection, names: &Names, id: RunId) -> Result<Option<(Vec<Record>, Outcome)>, Error> {
    let mut query = connection.prepare_cached("SELECT 1 FROM ends WHERE run = ? AND status = ?")?;
    let has_failed = query.query_row([id.row(), FAILED], |_| Ok(())).optional()?.is_some();
    if !has_failed || run(connection, names, id.row())?.is_none_or(|run| run.id != id) {
        return Ok(None);
    }
    let (records, end) = journal(connection, id)?;
    Ok(end.map(|end| (records, end.outcome)))
}

/// Events that have been read, so that many runs of one event hold it once.
type Known = HashMap<EventId, Arc<Event>>;

/// The facts that a lease tells of each run. An unreadable run does not affect others.
pub fn load(connection: &Connection, names: &Names, runs: &[i64]) -> Vec<(i64, Result<Loaded, Error>)> {
    let mut known = Known::new();
    runs.iter().map(|row| (*row, load_one(connection, names, *row, &mut known))).collect()
}

fn load_one(connection: &Connection, names: &Names, row: i64, known: &mut Known) -> Result<Loaded, Error> {
    let run = run(connection, names, row)?.ok_or_else(|| unreadable(format!("the run in row {row} is gone")))?;
    let mut events = Vec::with_capacity(run.events.len());
    for id in run.events {
        let event = match known.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let event = event(connection, names, id)?;
                let event = event.ok_or_else(|| unreadable(format!("event {id} of run {} is gone", run.id)))?;
                place.insert(Arc::new(event))
            }
        };
        events.push(event.clone());
    }
    Ok(Loaded {
        run: run.id,
        function: run.function,
        version: run.version,
        secret: run.secret,
        failed_run: run.failed_run,
        invoker: run.invoker,
        terms: run.terms,
        has_waits: true,
        events,
        journal: segments(connection, row)?,
    })
}
