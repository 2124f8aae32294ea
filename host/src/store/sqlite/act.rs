//! Side effects of operations, each applied once however often it is requested.

use rusqlite::{OptionalExtension, params};

use super::after::After;
use super::leases::Active;
use super::writer::{Trouble, Writer};
use crate::model::{Event, EventId, OpKey, RunId};
use crate::store::{Done, Effect, codec};

impl Writer {
    pub fn act(
        &mut self,
        active: &Active,
        key: &OpKey,
        context: &Event,
        generation: u64,
        effect: Effect,
        after: &mut After,
    ) -> Result<Done, Trouble> {
        self.check_generation(generation)?;
        let sql = "SELECT events, receiver FROM effects WHERE run = ? AND id = ? AND n = ?";
        let mut query = self.connection.prepare_cached(sql)?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let done: Option<(Vec<u8>, Option<[u8; 16]>)> =
            query.query_row(params![active.row(), &*key.id, key.n], read).optional()?;
        drop(query);
        if let Some((events, receiver)) = done {
            let events = codec::read_ids(&events, EventId::from_bytes);
            return Ok(Done { events, receiver: receiver.map(RunId::from_bytes) });
        }
        if let Some(wait) = &effect.signal_wait {
            self.check_signal_wait(context, wait)?;
        }
        active.acts();
        let (done, started) = self.whole(after, |writer, after| {
            let Effect { publications, wait, signal_wait, signal } = effect;
            if let Some(wait) = wait {
                writer.write_wait(active.row(), key, context, &wait)?;
            }
            if let Some(wait) = signal_wait {
                writer.write_signal_wait(active.row(), key, context, &wait)?;
            }
            let receiver = match signal {
                Some(signal) => writer.signal(&context.namespace, &signal, after)?,
                None => None,
            };
            let (published, started) = writer.write_publications(publications, after)?;
            let events: Vec<EventId> = published.into_iter().map(|published| published.event).collect();
            let bytes: Vec<u8> = events.iter().flat_map(|id| id.to_bytes()).collect();
            let mut insert = writer.connection.prepare_cached("INSERT INTO effects VALUES (?, ?, ?, ?, ?)")?;
            insert.execute(params![active.row(), &*key.id, key.n, bytes, receiver.map(RunId::to_bytes)])?;
            Ok((Done { events, receiver }, started))
        })?;
        after.started.extend(started);
        Ok(done)
    }

    /// The run ends: nothing of it is done again, and nothing waits for it.
    pub fn forget_effects(&mut self, active: &Active) -> Result<(), Trouble> {
        if active.has_acted() {
            self.connection.prepare_cached("DELETE FROM effects WHERE run = ?")?.execute([active.row()])?;
            self.forget_waits(active.row())?;
        }
        Ok(())
    }
}
