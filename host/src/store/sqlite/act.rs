//! What operations do outside of their run: once, whoever asks how often.

use rusqlite::{OptionalExtension, params};

use super::after::After;
use super::leases::Active;
use super::writer::{Trouble, Writer};
use crate::model::{Event, EventId, OpKey};
use crate::store::{Effect, codec};

impl Writer {
    pub fn act(
        &mut self,
        active: &Active,
        key: &OpKey,
        context: &Event,
        generation: u64,
        effect: Effect,
        after: &mut After,
    ) -> Result<Vec<EventId>, Trouble> {
        self.check_generation(generation)?;
        let sql = "SELECT events FROM effects WHERE run = ? AND id = ? AND n = ?";
        let mut query = self.connection.prepare_cached(sql)?;
        let done =
            query.query_row(params![active.row(), &*key.id, key.n], |row| row.get::<_, Vec<u8>>(0)).optional()?;
        drop(query);
        if let Some(events) = done {
            return Ok(codec::read_ids(&events, EventId::from_bytes));
        }
        active.acts();
        let (ids, started) = self.whole(after, |writer, after| {
            if let Some(wait) = effect.wait {
                writer.write_wait(active.row(), key, context, &wait)?;
            }
            let (published, started) = writer.write_publications(effect.publications, after)?;
            let ids: Vec<EventId> = published.into_iter().map(|published| published.event).collect();
            let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_bytes()).collect();
            let mut insert = writer.connection.prepare_cached("INSERT INTO effects VALUES (?, ?, ?, ?)")?;
            insert.execute(params![active.row(), &*key.id, key.n, bytes])?;
            Ok((ids, started))
        })?;
        after.started.extend(started);
        Ok(ids)
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
