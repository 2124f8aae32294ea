//! Doors that keep an event from starting a function: it has done so before, the function may not start so often or is
//! paused, or another run of it is under way.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::after::After;
use super::names::Names;
use super::served::Served;
use super::writer::{Trouble, Writer};
use crate::flow::Notes;
use crate::limits;
use crate::model::{Arrival, Event, Failure, FunctionKey, Kind, LimitKey, Mail, Millis, NewRun, RunId, SingletonMode};
use crate::store::{Error, Pause};

/// The fate of a planned run.
#[derive(Debug)]
pub enum Entrance {
    Starts,
    /// The run is not written.
    KeptOut,
    /// The run is written down and does not start.
    Skipped(&'static str),
    /// A run that waits takes its event.
    Joined(RunId),
}

impl Writer {
    /// Decides about one planned run, and counts it.
    pub fn enter(&mut self, event: &Event, run: &NewRun, after: &mut After) -> Result<Entrance, Trouble> {
        let now = event.id.created();
        let function = self.shared.names.intern_function(&self.connection, &run.function)?;
        if self.is_paused(function)? {
            self.tell_invoker(run, "paused", "invoked function is paused", after)?;
            return Ok(Entrance::Skipped(PAUSED));
        }
        let once = event.once_under().filter(|_| run.door.gather.is_none());
        if let Some(once) = once
            && self.has_started(function, once, now)?
        {
            return Ok(Entrance::KeptOut);
        }
        // Before it is counted: a run that gathers counts once, at its first event.
        if let Some(gather) = &run.door.gather
            && let Some(joined) = self.join(function, gather, event, run, after)?
        {
            return Ok(Entrance::Joined(joined));
        }
        if !self.admit(function, run, now)? {
            self.tell_invoker(run, "rate_limited", "invoked function is rate limited", after)?;
            return Ok(Entrance::KeptOut);
        }
        if let Some(once) = once {
            let mut note = self.connection.prepare_cached("INSERT OR REPLACE INTO senders VALUES (?, ?, ?)")?;
            note.execute(params![function, once, (now + limits::SENDER_ID_MS) as i64])?;
        }
        if let Some((key, mode)) = &run.door.singleton
            && !self.lock(function, key, *mode, run, after)?
        {
            self.tell_invoker(
                run,
                "singleton",
                "invoked function is a singleton, and a run of it is under way",
                after,
            )?;
            return Ok(Entrance::Skipped("another run of this singleton is under way"));
        }
        Ok(Entrance::Starts)
    }

    /// Forgets some of what has served its time.
    pub fn forget_served(&self, event: &Event, runs: &[NewRun]) -> rusqlite::Result<()> {
        let now = event.id.created();
        if !runs.is_empty() && event.once_under().is_some() {
            Served::Senders.forget(&self.connection, now)?;
        }
        if runs.iter().any(|run| run.door.rate.is_some()) {
            Served::Rates.forget(&self.connection, now)?;
        }
        Ok(())
    }

    pub fn is_written(&self, event: &Event) -> rusqlite::Result<bool> {
        self.connection.prepare_cached("SELECT 1 FROM events WHERE row = ?")?.exists([event.id.row()])
    }

    pub fn is_paused(&self, function: i64) -> rusqlite::Result<bool> {
        Ok(self.has_paused
            && self.connection.prepare_cached("SELECT 1 FROM paused WHERE function = ?")?.exists([function])?)
    }

    /// Whether that id has started the function within the last 24 hours.
    fn has_started(&self, function: i64, once: &str, now: Millis) -> rusqlite::Result<bool> {
        let known = "SELECT expires FROM senders WHERE function = ? AND sender_id = ?";
        let mut known = self.connection.prepare_cached(known)?;
        let expires: Option<i64> = known.query_row(params![function, once], |row| row.get(0)).optional()?;
        Ok(expires.is_some_and(|expires| expires > now as i64))
    }

    /// Whether one more run may start, and counts it.
    fn admit(&self, function: i64, run: &NewRun, now: Millis) -> rusqlite::Result<bool> {
        let Some(rate) = &run.door.rate else { return Ok(true) };
        let mut query = self.connection.prepare_cached("SELECT arrival FROM rates WHERE function = ? AND key = ?")?;
        let arrival: Option<i64> = query.query_row(params![function, rate.key], |row| row.get(0)).optional()?;
        let Ok(next) = rate.admit(arrival.map(|arrival| arrival as Arrival), now) else { return Ok(false) };
        let mut note = self.connection.prepare_cached("INSERT OR REPLACE INTO rates VALUES (?, ?, ?)")?;
        note.execute(params![function, rate.key, next as i64])?;
        Ok(true)
    }

    /// Takes the singleton's lock for the run, if it may have it.
    pub fn lock(
        &mut self,
        function: i64,
        key: &LimitKey,
        mode: SingletonMode,
        run: &NewRun,
        after: &mut After,
    ) -> Result<bool, Trouble> {
        let mut query = self.connection.prepare_cached("SELECT run FROM singletons WHERE function = ? AND key = ?")?;
        let holder: Option<i64> = query.query_row(params![function, key], |row| row.get(0)).optional()?;
        drop(query);
        match (holder, mode) {
            (Some(_), SingletonMode::Skip) => return Ok(false),
            (Some(holder), SingletonMode::Cancel) => {
                let reason = format!("by run {}, since the function is a singleton", run.id).into();
                self.post(holder, &Mail::Cancel { reason }, after)?;
            }
            (None, _) => {}
        }
        let mut take = self.connection.prepare_cached("INSERT OR REPLACE INTO singletons VALUES (?, ?, ?)")?;
        take.execute(params![function, key, run.id.row()])?;
        Ok(true)
    }

    /// Tells those that wait for a run that does not start.
    fn tell_invoker(&mut self, run: &NewRun, code: &str, message: &str, after: &mut After) -> Result<(), Trouble> {
        if let Some(invoker) = &run.invoker {
            let failure = Failure::of_host(Kind::Application, "Error", message).coded(code).never_retried();
            let answer = Mail::Answer { key: invoker.key.clone(), value: Err(failure) };
            self.post(invoker.run.row(), &answer, after)?;
        }
        Ok(())
    }

    /// Writes what a run that was let through its gates counts towards from now on.
    pub fn remember(&self, run: i64, notes: &Notes) -> rusqlite::Result<()> {
        if let Some((key, arrival)) = notes.pace {
            let mut note = self.connection.prepare_cached("INSERT OR REPLACE INTO paces VALUES (?, ?)")?;
            note.execute(params![key, arrival as i64])?;
            // By the run's creation, which is no later than now.
            Served::Paces.forget(&self.connection, (run >> 15) as Millis)?;
        }
        if let Some(pool) = notes.run_place {
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO under_way VALUES (?, ?)")?
                .execute(params![run, pool])?;
        }
        Ok(())
    }

    pub fn pause(&mut self, function: &Arc<FunctionKey>, pause: Pause) -> Result<(), Trouble> {
        let function = self.shared.names.intern_function(&self.connection, function)?;
        match pause {
            Pause::Paused => self.connection.execute("INSERT OR IGNORE INTO paused VALUES (?)", [function])?,
            Pause::Resumed => self.connection.execute("DELETE FROM paused WHERE function = ?", [function])?,
        };
        self.has_paused = has_paused(&self.connection)?;
        Ok(())
    }
}

/// Why its runs do not start.
pub const PAUSED: &str = "the function is paused";

/// Whether any function is paused, which spares each event a look.
pub fn has_paused(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM paused)", [], |row| row.get(0))
}

pub fn paused(connection: &Connection, names: &Names) -> Result<Vec<Arc<FunctionKey>>, Error> {
    let mut query = connection.prepare_cached("SELECT function FROM paused")?;
    let ids: Vec<i64> = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    ids.into_iter().map(|id| names.function_of(id)).collect()
}
