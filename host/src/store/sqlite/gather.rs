//! Runs that gather events before they start: a debounced one takes the last, a batch takes all.
//!
//! Such a run is there from its first event on and waits in the table `open` like any other; a further event rewrites it.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};

use super::after::{After, Moved};
use super::leases::Active;
use super::writer::{Trouble, Writer};
use crate::limits;
use crate::model::{Event, Gather, LimitKey, Millis, NewRun, OpKey, RunId, Terms};
use crate::store::{Wait, codec};

/// A row of `gatherings`, and the run's id.
struct Gathering {
    run: RunId,
    first: Millis,
    due: Millis,
    events: u32,
    bytes: usize,
}

impl Writer {
    /// Has a run that waits take the event; `None` if no run can.
    pub fn join(
        &mut self,
        function: i64,
        gather: &Gather,
        event: &Event,
        run: &NewRun,
        after: &mut After,
    ) -> Result<Option<RunId>, Trouble> {
        let now = event.id.created();
        let Some(mut gathering) = self.gathering(function, &gather.key())? else { return Ok(None) };
        if gathering.due <= now || !self.withdraw(&gathering)? {
            return Ok(None);
        }
        let from = gathering.due;
        gathering.events += 1;
        gathering.bytes += event.json.len();
        gathering.due = match gather {
            Gather::Debounce { .. } => {
                self.replace_event(&gathering, event, run)?;
                gather.due(gathering.first, now)
            }
            Gather::Batch { max_size, .. } => {
                self.add_event(&gathering, event)?;
                let is_full = gathering.events >= *max_size || gathering.bytes >= limits::BATCH_MAX_BYTES;
                if is_full { now } else { from }
            }
        };
        self.postpone(function, gather, &gathering, run)?;
        after.moved.push(Moved { row: gathering.run.row(), from, to: gathering.due });
        Ok(Some(gathering.run))
    }

    /// Notes that the new run gathers events; answers when it starts.
    pub fn begin_gathering(&mut self, run: &NewRun, gather: &Gather, event: &Event) -> Result<Millis, Trouble> {
        let function = self.shared.names.intern_function(&self.connection, &run.function)?;
        let first = event.id.created();
        let due = gather.due(first, first);
        let mut insert =
            self.connection.prepare_cached("INSERT OR REPLACE INTO gatherings VALUES (?, ?, ?, ?, ?, 1, ?)")?;
        insert.execute(params![
            function,
            gather.key(),
            run.id.row(),
            first as i64,
            due as i64,
            event.json.len() as i64
        ])?;
        Ok(due)
    }

    /// Frees what a run that ends has held or gathered.
    pub fn forget_terms(&mut self, active: &Active) -> Result<(), Trouble> {
        let Some(terms) = &active.terms else { return Ok(()) };
        let function = self.shared.names.intern_function(&self.connection, &active.function)?;
        if let Some(key) = terms.singleton {
            let sql = "DELETE FROM singletons WHERE function = ? AND key = ? AND run = ?";
            self.connection.prepare_cached(sql)?.execute(params![function, key, active.row()])?;
        }
        if let Some(key) = terms.gathers {
            let sql = "DELETE FROM gatherings WHERE function = ? AND key = ? AND run = ?";
            self.connection.prepare_cached(sql)?.execute(params![function, key, active.row()])?;
        }
        if terms.run_place.is_some() {
            self.connection.prepare_cached("DELETE FROM under_way WHERE run = ?")?.execute([active.row()])?;
        }
        Ok(())
    }

    fn gathering(&self, function: i64, key: &LimitKey) -> rusqlite::Result<Option<Gathering>> {
        let mut query = self.connection.prepare_cached(
            "SELECT runs.row, runs.id, first, due, gatherings.events, bytes FROM gatherings
             JOIN runs ON runs.row = gatherings.run WHERE gatherings.function = ? AND key = ?",
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Gathering {
                run: RunId::from_bytes(codec::whole_id(row.get(0)?, row.get(1)?)),
                first: row.get::<_, i64>(2)? as Millis,
                due: row.get::<_, i64>(3)? as Millis,
                events: row.get(4)?,
                bytes: row.get::<_, i64>(5)? as usize,
            })
        };
        query.query_row(params![function, key], read).optional()
    }

    /// Takes the run off the agenda, so that nobody leases it meanwhile. False: somebody has, or it is to end.
    fn withdraw(&self, gathering: &Gathering) -> rusqlite::Result<bool> {
        let row = gathering.run.row();
        // A run that has mail is due already.
        let is_open = "SELECT 1 FROM open WHERE run = ? AND due = ?";
        if !self.connection.prepare_cached(is_open)?.exists(params![row, gathering.due as i64])? {
            return Ok(false);
        }
        let mut agenda = self.shared.agenda();
        if self.shared.leases.has(row) || agenda.gates.holds(row) {
            return Ok(false);
        }
        agenda.withdraw((gathering.due, row));
        Ok(true)
    }

    fn add_event(&self, gathering: &Gathering, event: &Event) -> rusqlite::Result<()> {
        let row = gathering.run.row();
        let mut query = self.connection.prepare_cached("SELECT events FROM runs WHERE row = ?")?;
        let mut events: Vec<u8> = query.query_row([row], |row| row.get(0))?;
        events.extend(event.id.to_bytes());
        self.connection.prepare_cached("UPDATE runs SET events = ? WHERE row = ?")?.execute(params![events, row])?;
        Ok(())
    }

    /// The last event stands for all: it says which version runs, and what cancels it.
    fn replace_event(&mut self, gathering: &Gathering, event: &Event, run: &NewRun) -> Result<(), Trouble> {
        let row = gathering.run.row();
        let version = self.shared.names.intern_digest(&self.connection, &run.version)?;
        let sql = "UPDATE runs SET events = ?, version = ? WHERE row = ?";
        self.connection.prepare_cached(sql)?.execute(params![event.id.to_bytes(), version, row])?;
        self.forget_waits(row)?;
        self.write_cancel_on(row, gathering.run.created(), run, event)
    }

    pub fn write_cancel_on(&mut self, row: i64, from: Millis, run: &NewRun, event: &Event) -> Result<(), Trouble> {
        for (n, wait) in run.cancel_on.iter().enumerate() {
            let until = wait.timeout_ms.map(|timeout| from + timeout);
            let wait = Wait { event: wait.event.clone(), filter: wait.filter.clone(), until };
            self.write_wait(row, &OpKey::new("", n as u32), event, &wait)?;
        }
        Ok(())
    }

    /// Writes down when the run starts now.
    fn postpone(&mut self, function: i64, gather: &Gather, gathering: &Gathering, run: &NewRun) -> Result<(), Trouble> {
        let Gathering { run: id, due, events, bytes, .. } = gathering;
        let sql = "UPDATE gatherings SET due = ?, events = ?, bytes = ? WHERE function = ? AND key = ?";
        let mut update = self.connection.prepare_cached(sql)?;
        update.execute(params![*due as i64, events, *bytes as i64, function, gather.key()])?;
        let sql = "UPDATE open SET due = ? WHERE run = ?";
        self.connection.prepare_cached(sql)?.execute(params![*due as i64, id.row()])?;
        if let Some(terms) = &run.terms {
            let bytes = codec::terms_bytes(&begins_at(terms, *due, run.id.created()));
            self.connection
                .prepare_cached("UPDATE runs SET terms = ? WHERE row = ?")?
                .execute(params![bytes, id.row()])?;
        }
        Ok(())
    }
}

/// The terms of a run that could have begun at one time and now can at another: its time to begin counts from there.
pub fn begins_at(terms: &Arc<Terms>, due: Millis, planned: Millis) -> Terms {
    let start_by = terms.start_by.map(|by| by.saturating_add(due.saturating_sub(planned)));
    Terms { start_by, ..Terms::clone(terms) }
}
