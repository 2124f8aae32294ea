//! What keeps an event from starting a function: it has done so before, or the function may not start so often.

use rusqlite::{OptionalExtension, params};

use super::after::After;
use super::writer::{Trouble, Writer};
use crate::limits;
use crate::model::{Arrival, Event, Failure, Kind, Mail, Millis, NewRun};

impl Writer {
    /// Leaves out the runs that are not to start, and counts the others.
    pub fn keep_out(&mut self, event: &Event, runs: &mut Vec<NewRun>, after: &mut After) -> Result<(), Trouble> {
        let once = event.once_under();
        let has_limits = runs.iter().any(|run| run.rate.is_some());
        if once.is_none() && !has_limits {
            return Ok(());
        }
        // Whoever publishes an event again has missed the answer: that counts nothing twice.
        if has_limits && self.is_written(event)? {
            return Ok(());
        }
        let now = event.id.created();
        let mut wanted = Vec::with_capacity(runs.len());
        for run in std::mem::take(runs) {
            let function = self.shared.names.intern_function(&self.connection, &run.function)?;
            if let Some(once) = once
                && self.has_started(function, once, now)?
            {
                continue;
            }
            if !self.admit(function, &run, now)? {
                self.tell_invoker(&run, "rate_limited", "invoked function is rate limited", after)?;
                continue;
            }
            if let Some(once) = once {
                let mut note = self.connection.prepare_cached("INSERT OR REPLACE INTO senders VALUES (?, ?, ?)")?;
                note.execute(params![function, once, (now + limits::SENDER_ID_MS) as i64])?;
            }
            wanted.push(run);
        }
        *runs = wanted;
        if once.is_some() {
            self.forget_senders(now)?;
        }
        if has_limits {
            self.forget_rates(now)?;
        }
        Ok(())
    }

    fn is_written(&self, event: &Event) -> rusqlite::Result<bool> {
        self.connection.prepare_cached("SELECT 1 FROM events WHERE row = ?")?.exists([event.id.row()])
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
        let Some(rate) = &run.rate else { return Ok(true) };
        let mut query = self.connection.prepare_cached("SELECT arrival FROM rates WHERE function = ? AND key = ?")?;
        let arrival: Option<i64> = query.query_row(params![function, rate.key], |row| row.get(0)).optional()?;
        let Some(next) = rate.admit(arrival.map(|arrival| arrival as Arrival), now) else { return Ok(false) };
        let mut note = self.connection.prepare_cached("INSERT OR REPLACE INTO rates VALUES (?, ?, ?)")?;
        note.execute(params![function, rate.key, next as i64])?;
        Ok(true)
    }

    /// Whoever waits for a run that does not start is told.
    fn tell_invoker(&mut self, run: &NewRun, code: &str, message: &str, after: &mut After) -> Result<(), Trouble> {
        if let Some(invoker) = &run.invoker {
            let failure = Failure::of_host(Kind::Application, "Error", message).coded(code).never_retried();
            let answer = Mail::Answer { key: invoker.key.clone(), value: Err(failure) };
            self.post(invoker.run.row(), &answer, after)?;
        }
        Ok(())
    }

    fn forget_senders(&self, now: Millis) -> rusqlite::Result<()> {
        let mut forget = self.connection.prepare_cached(
            "DELETE FROM senders WHERE (function, sender_id) IN
             (SELECT function, sender_id FROM senders WHERE expires <= ? ORDER BY expires LIMIT ?)",
        )?;
        forget.execute(params![now as i64, limits::SENDER_IDS_FORGOTTEN as i64])?;
        Ok(())
    }

    fn forget_rates(&self, now: Millis) -> rusqlite::Result<()> {
        let mut forget = self.connection.prepare_cached(
            "DELETE FROM rates WHERE (function, key) IN
             (SELECT function, key FROM rates WHERE arrival <= ? ORDER BY arrival LIMIT ?)",
        )?;
        forget.execute(params![(now * 1_000_000) as i64, limits::SENDER_IDS_FORGOTTEN as i64])?;
        Ok(())
    }
}
