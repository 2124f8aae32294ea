//! Tables whose rows say nothing any more from a time on: some of these rows go with each use of the table.

use rusqlite::{Connection, params};

use crate::limits;
use crate::model::{Arrival, Millis};

/// A table, what its rows are known by, and the indexed column that says until when they count.
#[derive(Debug, Clone, Copy)]
pub enum Served {
    Senders,
    Seeds,
    Rates,
    Paces,
}

impl Served {
    fn sql(self) -> &'static str {
        match self {
            Self::Senders => {
                "DELETE FROM senders WHERE (function, sender_id) IN
                 (SELECT function, sender_id FROM senders WHERE expires <= ? ORDER BY expires LIMIT ?)"
            }
            Self::Seeds => {
                "DELETE FROM seeds WHERE (namespace, seed) IN
                 (SELECT namespace, seed FROM seeds WHERE expires <= ? ORDER BY expires LIMIT ?)"
            }
            Self::Rates => {
                "DELETE FROM rates WHERE (function, key) IN
                 (SELECT function, key FROM rates WHERE arrival <= ? ORDER BY arrival LIMIT ?)"
            }
            Self::Paces => {
                "DELETE FROM paces WHERE key IN (SELECT key FROM paces WHERE arrival <= ? ORDER BY arrival LIMIT ?)"
            }
        }
    }

    /// Forgets some of what counted until then or less.
    pub fn forget(self, connection: &Connection, now: Millis) -> rusqlite::Result<()> {
        let until = match self {
            Self::Senders | Self::Seeds => now,
            Self::Rates | Self::Paces => now.saturating_mul(1_000_000) as Arrival,
        };
        let mut forget = connection.prepare_cached(self.sql())?;
        forget.execute(params![until as i64, limits::SERVED_FORGOTTEN as i64])?;
        Ok(())
    }
}
