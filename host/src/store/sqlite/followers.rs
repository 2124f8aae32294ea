//! Followers that wait for a run's end.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::limits;
use crate::model::{Ended, Namespace, Outcome, RunId};

#[derive(Debug, Default)]
pub struct Followers {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    by_row: HashMap<i64, Vec<(u64, oneshot::Sender<Ended>)>>,
    next: u64,
    /// The last ends, oldest first: a short run may end before its sender has come to follow it.
    recent: VecDeque<(Namespace, Ended)>,
}

/// A waiter. It leaves the table when it is dropped.
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

    /// Tells those who wait for it, or keeps it for a while for who comes late.
    pub fn tell(&self, namespace: &Namespace, end: Ended) {
        let mut table = self.table();
        let Some(waiting) = table.by_row.remove(&end.run.row()) else {
            table.keep(namespace, end);
            return;
        };
        drop(table);
        for (_, tell) in waiting {
            // A waiter that has stopped waiting needs no answer.
            let _ = tell.send(end.clone());
        }
    }

    /// The run's end, if it was among the last.
    pub fn recent(&self, namespace: &Namespace, run: RunId) -> Option<Ended> {
        let table = self.table();
        let found = table.recent.iter().rev().find(|(of, end)| end.run == run && of == namespace);
        found.map(|(_, end)| end.clone())
    }

    /// Nothing will be told any more.
    pub fn dismiss(&self) {
        self.table().by_row.clear();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn keep(&mut self, namespace: &Namespace, end: Ended) {
        let is_small = match &end.outcome {
            Outcome::Completed(output) => output.len() <= limits::RECENT_END_MAX_BYTES,
            Outcome::Failed(_) => false,
            Outcome::Cancelled { .. } | Outcome::Skipped { .. } => true,
        };
        if !is_small {
            return;
        }
        if self.recent.len() >= limits::RECENT_ENDS_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((namespace.clone(), end));
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
