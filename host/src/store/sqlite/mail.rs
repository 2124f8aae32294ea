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

/// Which runs have mail, the number of the last letter, and whether one of them is urgent.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<HashMap<i64, Letters>>);

#[derive(Debug, Default, Clone, Copy)]
pub struct Letters {
    last: i64,
    is_urgent: bool,
}

impl Mailbox {
    pub fn begin(mail: HashMap<i64, Letters>) -> Self {
        Self(Mutex::new(mail))
    }

    pub fn has(&self, run: i64) -> bool {
        self.table().contains_key(&run)
    }

    /// Whether the run is to end: it needs nothing more for that.
    pub fn is_urgent(&self, run: i64) -> bool {
        self.table().get(&run).is_some_and(|letters| letters.is_urgent)
    }

    pub fn put(&self, posted: &Posted) {
        let mut table = self.table();
        let letters = table.entry(posted.run).or_default();
        letters.last = posted.seq;
        letters.is_urgent |= posted.is_urgent;
    }

    /// Forgets the run's mail, unless there is some behind that number.
    pub fn clear(&self, run: i64, up_to: i64) {
        let mut table = self.table();
        if table.get(&run).is_some_and(|letters| letters.last <= up_to) {
            table.remove(&run);
        }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<i64, Letters>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A letter that was written.
#[derive(Debug)]
pub struct Posted {
    pub run: i64,
    pub seq: i64,
    /// The run is to end.
    pub is_urgent: bool,
    /// Its turn, if the table `open` has it; `None` for a run without one.
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
        let is_urgent = is_urgent(mail);
        after.posted.push(Posted { run, seq, is_urgent, was_due });
        Ok(true)
    }

    /// Deletes the letters that the lease's holder has taken. Only for a verdict that nothing can refuse any more: the
    /// records that stand for the letters are written in the same transaction.
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

/// The letters of each run that has mail.
pub fn read_all(connection: &Connection) -> Result<HashMap<i64, Letters>, Error> {
    let mut query = connection.prepare("SELECT run, seq, message FROM mail ORDER BY seq")?;
    let mut rows = query.query([])?;
    let mut all: HashMap<i64, Letters> = HashMap::new();
    while let Some(row) = rows.next()? {
        let letters = all.entry(row.get(0)?).or_default();
        letters.last = row.get(1)?;
        letters.is_urgent |= is_urgent(&codec::read_mail(row.get_ref(2)?.as_blob()?).map_err(unreadable)?);
    }
    Ok(all)
}

fn is_urgent(mail: &Mail) -> bool {
    matches!(mail, Mail::Cancel { .. })
}
