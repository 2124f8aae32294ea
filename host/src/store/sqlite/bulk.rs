//! Ending many runs at once: some in each transaction, until every run has been looked at.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::SqliteStore;
use super::after::{After, refused};
use super::names::Names;
use super::queue::Command;
use super::rows;
use super::shared::Shared;
use super::views::first_row;
use super::writer::{Trouble, Writer};
use crate::expression::Expression;
use crate::limits;
use crate::model::{CancellationId, EventId, Mail, Millis, Namespace};
use crate::store::{Cancellation, CancellationView, Cancellations, Error, Estimate, Which, codec};

#[async_trait]
impl Cancellations for SqliteStore {
    async fn cancel_many(&self, cancellation: Cancellation) -> Result<CancellationView, Error> {
        self.shared.queue.ask(|answer| Command::CancelMany { cancellation, answer }).await
    }

    async fn estimate(&self, cancellation: Cancellation) -> Result<Estimate, Error> {
        let shared = self.shared.clone();
        self.shared.readers.read(move |connection| estimate(connection, &shared, &cancellation)).await
    }

    async fn cancellations(&self, namespace: &Namespace) -> Result<Vec<CancellationView>, Error> {
        let (shared, namespace) = (self.shared.clone(), namespace.clone());
        self.shared.readers.read(move |connection| read(connection, &shared.names, &namespace)).await
    }

    async fn forget_cancellation(&self, namespace: &Namespace, id: CancellationId) -> Result<bool, Error> {
        let namespace = namespace.clone();
        self.shared.queue.ask(|answer| Command::ForgetCancellation { namespace, id, answer }).await
    }
}

/// A row of `cancellations`.
struct Stored {
    view: CancellationView,
    /// From there on runs are still to be looked at.
    reached: i64,
    until: i64,
}

const COLUMNS: &str =
    "id, function, started_after, started_before, filter, only_waiting, reached, until, told, is_finished";

fn read_stored(row: &Row<'_>, names: &Names) -> Result<Stored, Error> {
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(|time| time as Millis));
    let cancellation = Cancellation {
        id: CancellationId::from_bytes(row.get(0)?),
        function: names.function_of(row.get(1)?)?,
        started_after: time(2)?,
        started_before: time(3)?,
        filter: row.get_ref(4)?.as_str_or_null()?.map(Into::into),
        which: if row.get::<_, bool>(5)? { Which::Waiting } else { Which::All },
    };
    let view = CancellationView { cancellation, told: row.get::<_, i64>(8)? as u64, is_finished: row.get(9)? };
    Ok(Stored { view, reached: row.get(6)?, until: row.get(7)? })
}

fn read(connection: &Connection, names: &Names, namespace: &Namespace) -> Result<Vec<CancellationView>, Error> {
    let Some(number) = names.namespace(namespace) else { return Ok(Vec::new()) };
    let sql = format!("SELECT {COLUMNS} FROM cancellations WHERE namespace = ? ORDER BY id DESC LIMIT ?");
    let mut query = connection.prepare_cached(&sql)?;
    let mut rows = query.query(params![number, limits::CANCELLATIONS_MAX as i64])?;
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        views.push(read_stored(row, names)?.view);
    }
    Ok(views)
}

/// The oldest that has not finished.
fn under_way(connection: &Connection, names: &Names) -> Result<Option<Stored>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM cancellations WHERE is_finished = 0 ORDER BY id LIMIT 1");
    let mut query = connection.prepare_cached(&sql)?;
    let mut rows = query.query([])?;
    rows.next()?.map(|row| read_stored(row, names)).transpose()
}

pub fn has_under_way(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM cancellations WHERE is_finished = 0")?.exists([])
}

impl Writer {
    pub fn cancel_many(&mut self, cancellation: &Cancellation, after: &mut After) -> Result<CancellationView, Trouble> {
        self.whole(after, |writer, after| {
            writer.make_room()?;
            let stored = writer.write_cancellation(cancellation)?;
            writer.cancel_some_of(stored, after)
        })
    }

    /// Forgets the oldest that has finished where there are too many.
    fn make_room(&self) -> Result<(), Trouble> {
        let count: i64 = self.connection.query_row("SELECT count(*) FROM cancellations", [], |row| row.get(0))?;
        if count < limits::CANCELLATIONS_MAX as i64 {
            return Ok(());
        }
        let oldest = "DELETE FROM cancellations WHERE id = (SELECT min(id) FROM cancellations WHERE is_finished = 1)";
        match self.connection.execute(oldest, [])? {
            0 => refused(Error::TooManyCancellations(limits::CANCELLATIONS_MAX)),
            _ => Ok(()),
        }
    }

    fn write_cancellation(&self, cancellation: &Cancellation) -> Result<Stored, Trouble> {
        let names = &self.shared.names;
        let namespace = names.intern_namespace(&self.connection, &cancellation.function.namespace)?;
        let function = names.intern_function(&self.connection, &cancellation.function)?;
        let reached = cancellation.started_after.map_or(0, first_row);
        let until = cancellation.started_before.map_or(self.last_run + 1, first_row);
        self.connection.execute(
            "INSERT INTO cancellations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
            params![
                cancellation.id.to_bytes(),
                namespace,
                function,
                cancellation.started_after.map(|time| time as i64),
                cancellation.started_before.map(|time| time as i64),
                cancellation.filter.as_deref(),
                cancellation.which == Which::Waiting,
                reached,
                until,
            ],
        )?;
        let view = CancellationView { cancellation: cancellation.clone(), told: 0, is_finished: false };
        Ok(Stored { view, reached, until })
    }

    /// Goes on with the oldest that has not finished.
    pub fn cancel_some(&mut self, after: &mut After) -> rusqlite::Result<()> {
        self.is_cancelling = false;
        let (id, refusal) = match under_way(&self.connection, &self.shared.names) {
            Ok(None) => return Ok(()),
            Ok(Some(stored)) => {
                let id = stored.view.cancellation.id;
                match self.whole(after, |writer, after| writer.cancel_some_of(stored, after)) {
                    Ok(_) => return Ok(()),
                    Err(Trouble::Fatal(error)) => return Err(error),
                    Err(Trouble::Refused(error)) => (id, error),
                }
            }
            Err(error) => {
                tracing::error!(%error, "cancellations cannot be read");
                return Ok(());
            }
        };
        // Others are not to wait for it for ever.
        tracing::error!(error = %refusal, %id, "a cancellation is given up");
        let give_up = "UPDATE cancellations SET is_finished = 1 WHERE id = ?";
        self.connection.execute(give_up, [&id.to_bytes()])?;
        after.cancels |= has_under_way(&self.connection)?;
        Ok(())
    }

    /// Looks at the next runs and tells those that are meant to end.
    fn cancel_some_of(&mut self, mut stored: Stored, after: &mut After) -> Result<CancellationView, Trouble> {
        let cancellation = stored.view.cancellation.clone();
        let reason: Arc<str> = format!("by cancellation {}", cancellation.id).into();
        let meant = Meant::by(&self.shared.names, &cancellation)?;
        let (candidates, next) = look(&self.connection, stored.reached, stored.until, self.floor)?;
        stored.reached = next.unwrap_or(stored.until);
        stored.view.is_finished = next.is_none();
        let (mut told, mut bytes) = (0, 0);
        for candidate in candidates {
            if told == limits::CANCELLED_AT_ONCE_MAX || bytes > limits::CANCELLATION_READS_MAX_BYTES {
                (stored.reached, stored.view.is_finished) = (candidate.row, false);
                break;
            }
            let (is_meant, read) = meant.has(&self.connection, &self.shared, &candidate);
            bytes += read;
            if is_meant && self.post(candidate.row, &Mail::Cancel { reason: reason.clone() }, after)? {
                told += 1;
            }
        }
        stored.view.told += told;
        let mut note = self
            .connection
            .prepare_cached("UPDATE cancellations SET reached = ?, told = ?, is_finished = ? WHERE id = ?")?;
        let view = stored.view;
        note.execute(params![stored.reached, view.told as i64, view.is_finished, cancellation.id.to_bytes()])?;
        drop(note);
        after.cancels |= has_under_way(&self.connection)?;
        Ok(view)
    }

    pub fn forget_cancellation(&mut self, namespace: &Namespace, id: CancellationId) -> Result<bool, Trouble> {
        let Some(number) = self.shared.names.namespace(namespace) else { return Ok(false) };
        let sql = "DELETE FROM cancellations WHERE id = ? AND namespace = ?";
        Ok(self.connection.prepare_cached(sql)?.execute(params![id.to_bytes(), number])? > 0)
    }
}

/// An unended run that may be meant.
struct Candidate {
    row: i64,
    function: i64,
    first_event: EventId,
}

/// Unended runs up to the floor are there.
const LISTED: &str = "SELECT runs.row, function, events, 0 FROM open CROSS JOIN runs ON runs.row = open.run
     WHERE open.run >= ? AND open.run < ? ORDER BY open.run LIMIT ?";
/// Runs above it are few enough to be looked at, ended ones too.
const YOUNG: &str = "SELECT row, function, events, EXISTS (SELECT 1 FROM ends WHERE ends.run = runs.row) FROM runs
     WHERE row >= ? AND row < ? ORDER BY row LIMIT ?";

/// The next unended runs from that row on, in order, and where the next ones begin; `None` behind the last.
fn look(connection: &Connection, from: i64, until: i64, floor: i64) -> Result<(Vec<Candidate>, Option<i64>), Error> {
    let (mut candidates, mut room) = (Vec::new(), limits::CANCELLATION_LOOKS_MAX);
    let above = floor.saturating_add(1);
    for (sql, from, until) in [(LISTED, from, until.min(above)), (YOUNG, from.max(above), until)] {
        let mut query = connection.prepare_cached(sql)?;
        let mut rows = query.query(params![from, until, room as i64])?;
        while let Some(row) = rows.next()? {
            let (number, function, has_ended) = (row.get(0)?, row.get(1)?, row.get(3)?);
            let events = codec::read_ids(row.get_ref(2)?.as_blob()?, EventId::from_bytes);
            if let (Some(first_event), false) = (events.first(), has_ended) {
                candidates.push(Candidate { row: number, function, first_event: *first_event });
            }
            room -= 1;
            if room == 0 {
                return Ok((candidates, Some(number + 1)));
            }
        }
    }
    Ok((candidates, None))
}

/// Which runs a cancellation means.
struct Meant {
    function: Option<i64>,
    which: Which,
    filter: Option<Expression>,
}

impl Meant {
    fn by(names: &Names, cancellation: &Cancellation) -> Result<Self, Error> {
        let filter = cancellation.filter.as_deref().map(Expression::compile).transpose();
        let filter = filter.map_err(|error| Error::Engine(error.to_string()))?;
        Ok(Self { function: names.function(&cancellation.function), which: cancellation.which, filter })
    }

    /// And how many bytes had to be read to know. A filter that cannot be decided spares the run.
    fn has(&self, connection: &Connection, shared: &Shared, candidate: &Candidate) -> (bool, usize) {
        let executes = || shared.leases.get(candidate.row).is_some();
        if self.function != Some(candidate.function) || (self.which == Which::Waiting && executes()) {
            return (false, 0);
        }
        let Some(filter) = &self.filter else { return (true, 0) };
        let decided = match rows::event(connection, &shared.names, candidate.first_event) {
            Ok(Some(event)) => filter
                .matches(&event.json)
                .map(|is_meant| (is_meant, event.json.len()))
                .map_err(|error| error.to_string()),
            Ok(None) => Err("it is gone".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        decided.unwrap_or_else(|error| {
            tracing::warn!(event = %candidate.first_event, %error, "a run is spared by a cancellation");
            (false, 0)
        })
    }
}

fn estimate(connection: &Connection, shared: &Shared, cancellation: &Cancellation) -> Result<Estimate, Error> {
    let floor = connection.query_row("SELECT floor FROM house", [], |row| row.get(0))?;
    let meant = Meant::by(&shared.names, cancellation)?;
    let until = cancellation.started_before.map_or(i64::MAX, first_row);
    let mut from = cancellation.started_after.map_or(0, first_row);
    let mut estimate = Estimate::default();
    for _ in 0..limits::ESTIMATE_LOOKS_MAX / limits::CANCELLATION_LOOKS_MAX {
        let (candidates, next) = look(connection, from, until, floor)?;
        estimate.runs +=
            candidates.iter().filter(|candidate| meant.has(connection, shared, candidate).0).count() as u64;
        match next {
            Some(next) => from = next,
            None => return Ok(Estimate { is_all: true, ..estimate }),
        }
    }
    Ok(estimate)
}
