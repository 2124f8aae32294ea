//! Who waits for which run's end.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::model::Ended;

#[derive(Debug, Default)]
pub struct Followers {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    by_row: HashMap<i64, Vec<(u64, oneshot::Sender<Ended>)>>,
    next: u64,
}

/// One who waits. Gone from the table when dropped.
#[derive(Debug)]
pub struct Follower<'a> {
    followers: &'a Followers,
    row: i64,
    ticket: u64,
    end: oneshot::Receiver<Ended>,
}

impl Followers {
    pub fn follow(&self, row: i64) -> Follower<'_> {
        let (tell, end) = oneshot::channel();
        let mut table = self.table();
        table.next += 1;
        let ticket = table.next;
        table.by_row.entry(row).or_default().push((ticket, tell));
        drop(table);
        Follower { followers: self, row, ticket, end }
    }

    /// Tells those who wait for it. The end is made only if somebody does.
    pub fn tell(&self, row: i64, end: impl FnOnce() -> Ended) {
        let Some(waiting) = self.table().by_row.remove(&row) else { return };
        let end = end();
        for (_, tell) in waiting {
            // Whoever has stopped waiting needs no answer.
            let _ = tell.send(end.clone());
        }
    }

    /// Nothing will be told any more.
    pub fn dismiss(&self) {
        self.table().by_row.clear();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower<'_> {
    /// `None`: the store has closed first.
    pub async fn end(mut self) -> Option<Ended> {
        (&mut self.end).await.ok()
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        let mut table = self.followers.table();
        if let Some(waiting) = table.by_row.get_mut(&self.row) {
            waiting.retain(|(ticket, _)| *ticket != self.ticket);
            if waiting.is_empty() {
                table.by_row.remove(&self.row);
            }
        }
    }
}
