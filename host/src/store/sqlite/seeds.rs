//! Events that were sent under a seed: sent again under it they are the same.

use rusqlite::{OptionalExtension, params};

use super::served::Served;
use super::writer::{Trouble, Writer};
use crate::limits;
use crate::model::{Event, EventId, Millis, RunId};
use crate::store::{Published, codec};

impl Writer {
    /// The result of the event when it was sent before. `None` if it was not; its seed is noted then.
    pub fn sent_before(&mut self, event: &Event) -> Result<Option<Published>, Trouble> {
        let Some(seed) = event.seed.as_deref() else { return Ok(None) };
        let namespace = self.shared.names.intern_namespace(&self.connection, &event.namespace)?;
        let now = event.id.created();
        if let Some(earlier) = self.event_of(namespace, seed, now)? {
            return Ok(Some(earlier));
        }
        let mut note = self.connection.prepare_cached("INSERT OR REPLACE INTO seeds VALUES (?, ?, ?, ?)")?;
        note.execute(params![namespace, seed, event.id.to_bytes(), (now + limits::SEED_MS) as i64])?;
        drop(note);
        Served::Seeds.forget(&self.connection, now)?;
        Ok(None)
    }

    fn event_of(&self, namespace: i64, seed: &str, now: Millis) -> rusqlite::Result<Option<Published>> {
        let known = "SELECT event FROM seeds WHERE namespace = ? AND seed = ? AND expires > ?";
        let mut known = self.connection.prepare_cached(known)?;
        let id: Option<[u8; 16]> =
            known.query_row(params![namespace, seed, now as i64], |row| row.get(0)).optional()?;
        let Some(event) = id.map(EventId::from_bytes) else { return Ok(None) };
        let mut started = self.connection.prepare_cached("SELECT runs FROM events WHERE row = ?")?;
        let runs: Option<Option<Vec<u8>>> = started.query_row([event.row()], |row| row.get(0)).optional()?;
        let published = |runs: Option<Vec<u8>>| Published {
            event,
            started: codec::read_ids(&runs.unwrap_or_default(), RunId::from_bytes),
        };
        Ok(runs.map(published))
    }
}
