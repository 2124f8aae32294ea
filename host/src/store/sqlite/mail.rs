//! Mail: posted by the writer, taken by who holds the run's lease.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

use super::after::After;
use super::leases::Active;
use super::names::unreadable;
use super::views;
use super::writer::{Trouble, Writer};
use crate::model::{Mail, Millis, Namespace, RunId};
use crate::store::{Cancelled, Error, codec};

/// Which runs have mail, and the number of the last.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<HashMap<i64, i64>>);

impl Mailbox {
    pub fn begin(mail: HashMap<i64, i64>) -> Self {
        Self(Mutex::new(mail))
    }

    pub fn has(&self, run: i64) -> bool {
        self.table().contains_key(&run)
    }

    pub fn put(&self, run: i64, seq: i64) {
        self.table().insert(run, seq);
    }

    /// Forgets the run's mail, unless there is some behind that number.
    pub fn clear(&self, run: i64, up_to: i64) {
        let mut table = self.table();
        if table.get(&run).is_some_and(|last| *last <= up_to) {
            table.remove(&run);
        }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<i64, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A letter that was written.
#[derive(Debug)]
pub struct Posted {
    pub run: i64,
    pub seq: i64,
    /// What its turn was where the table `open` has it; `None` for a run without one.
    pub was_due: Option<Option<Millis>>,
}

impl Writer {
    pub fn cancel(
        &mut self,
        namespace: &Namespace,
        run: RunId,
        reason: &str,
        after: &mut After,
    ) -> Result<Cancelled, Trouble> {
        if views::find(&self.connection, &self.shared.names, namespace, run)?.is_none() {
            return Ok(Cancelled::Unknown);
        }
        let is_open = self.post(run.row(), &Mail::Cancel { reason: reason.into() }, after)?;
        Ok(if is_open { Cancelled::Accepted } else { Cancelled::Ended })
    }

    /// Writes a letter to the run and makes it due. False: it has ended and gets none.
    pub fn post(&mut self, run: i64, mail: &Mail, after: &mut After) -> Result<bool, Trouble> {
        let mut ended = self.connection.prepare_cached("SELECT 1 FROM ends WHERE run = ?")?;
        if ended.exists([run])? {
            return Ok(false);
        }
        drop(ended);
        self.last_mail += 1;
        let seq = self.last_mail;
        let mut insert = self.connection.prepare_cached("INSERT INTO mail VALUES (?, ?, ?)")?;
        insert.execute(params![run, seq, codec::mail_bytes(mail)])?;
        let mut due = self.connection.prepare_cached("SELECT due FROM open WHERE run = ?")?;
        let was_due: Option<Option<i64>> = due.query_row([run], |row| row.get(0)).optional()?;
        self.connection.prepare_cached("UPDATE open SET due = 0 WHERE run = ?")?.execute([run])?;
        let was_due = was_due.map(|due| due.map(|due| due as Millis));
        after.posted.push(Posted { run, seq, was_due });
        Ok(true)
    }

    /// Throws away what the lease's holder has taken.
    pub fn clear_mail(&mut self, active: &Active, after: &mut After) -> rusqlite::Result<()> {
        let up_to = active.mail_taken();
        if up_to > 0 {
            let sql = "DELETE FROM mail WHERE run = ? AND seq <= ?";
            self.connection.prepare_cached(sql)?.execute([active.row(), up_to])?;
            after.read_mail.push((active.row(), up_to));
        }
        Ok(())
    }

    /// Throws away all mail of a run that ends.
    pub fn drop_mail(&mut self, active: &Active, after: &mut After) -> rusqlite::Result<()> {
        let row = active.row();
        if self.shared.mailbox.has(row) || after.posted.iter().any(|posted| posted.run == row) {
            self.connection.prepare_cached("DELETE FROM mail WHERE run = ?")?.execute([row])?;
            after.posted.retain(|posted| posted.run != row);
            after.read_mail.push((row, i64::MAX));
        }
        Ok(())
    }
}

/// The run's mail behind that number.
pub fn read(connection: &Connection, run: i64, after: i64) -> Result<Vec<(i64, Mail)>, Error> {
    let mut query =
        connection.prepare_cached("SELECT seq, message FROM mail WHERE run = ? AND seq > ? ORDER BY seq")?;
    let mut rows = query.query([run, after])?;
    let mut mail = Vec::new();
    while let Some(row) = rows.next()? {
        mail.push((row.get(0)?, codec::read_mail(row.get_ref(1)?.as_blob()?).map_err(unreadable)?));
    }
    Ok(mail)
}

/// The last letter of each run that has mail.
pub fn read_all(connection: &Connection) -> Result<HashMap<i64, i64>, Error> {
    let mut query = connection.prepare("SELECT run, max(seq) FROM mail GROUP BY run")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
