//! The one thread that writes: many commands, one transaction, one sync.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, params};

use super::after::{After, Moved};
use super::leases::Active;
use super::queue::{Batch, Command};
use super::schema::PAGE_BYTES;
use super::shared::Shared;
use super::waits::Awaited;
use super::wal_file::WalFile;
use super::{bulk, doors, logs, recovery};
use crate::limits;
use crate::store::Error;

/// How many commits pass between two looks at the write-ahead log's size.
const COMMITS_PER_LOOK: u64 = 16;

/// Why a command was not carried out.
#[derive(Debug)]
pub enum Trouble {
    /// The change alone is undone: its neighbours go on.
    Refused(Error),
    /// The database: nothing goes on.
    Fatal(rusqlite::Error),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fatal(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

#[derive(Debug)]
pub struct Writer {
    pub connection: Connection,
    pub shared: Arc<Shared>,
    /// With what the transaction under way does to it.
    pub generation: u64,
    /// Every unended run up to this row is listed in `open`.
    pub floor: i64,
    /// The greatest row of a run.
    pub last_run: i64,
    /// Runs above the floor.
    pub young: u64,
    /// The number of the last letter to a run.
    pub last_mail: i64,
    pub awaited: Awaited,
    /// Whether any function is paused.
    pub has_paused: bool,
    /// Whether a command to go on with what is to end many runs waits.
    pub is_cancelling: bool,
    pub wal: WalFile,
    commits: u64,
}

impl Writer {
    pub fn new(
        connection: Connection,
        shared: Arc<Shared>,
        found: &recovery::Found,
        wal: WalFile,
    ) -> Result<Self, Error> {
        let awaited = Awaited::read(&connection)?;
        let has_paused = doors::has_paused(&connection)?;
        let is_cancelling = bulk::has_under_way(&connection)?;
        Ok(Self {
            connection,
            shared,
            generation: found.generation,
            floor: found.floor,
            last_run: found.floor,
            young: 0,
            last_mail: found.last_mail,
            awaited,
            has_paused,
            is_cancelling,
            wal,
            commits: 0,
        })
    }

    /// Commits until the store is closed or dropped.
    pub fn run(mut self) {
        self.shared.counters.watch_this_thread();
        if self.is_cancelling {
            self.shared.queue.tell(Command::CancelSome);
        }
        while let Some(mut batch) = self.shared.clone().queue.take(self.wal.sync_due()) {
            let close = batch.commands.pop_if(|waiting| matches!(waiting.command, Command::Close { .. }));
            self.commit(batch, close.is_some());
            if let Some(Command::Close { answer }) = close.map(|waiting| waiting.command) {
                self.shut_down();
                let _ = answer.send(Ok(()));
                return;
            }
        }
        self.shared.dismiss();
    }

    /// An error of the database ends the process. After a failed sync nobody knows what is on disk (the kernel may have
    /// dropped the pages and call the next sync a success), so that the only truth is what a new process reads; and
    /// what was drained for this commit exists nowhere else.
    fn commit(&mut self, batch: Batch, is_last: bool) {
        let mut after = After::default();
        if let Err(error) = self.transact(batch, is_last, &mut after) {
            tracing::error!(%error, "the database fails: the host ends, to promise nothing that it cannot keep");
            std::process::abort();
        }
        let (has_refill, cancels) = (after.refills, after.cancels);
        after.apply(&self.shared);
        if has_refill {
            self.refill();
        }
        if cancels && !self.is_cancelling {
            self.is_cancelling = true;
            self.shared.queue.tell(Command::CancelSome);
        }
        self.write_back();
        self.wal.sync_if_due(&self.shared.counters);
    }

    fn transact(&mut self, batch: Batch, is_last: bool, after: &mut After) -> rusqlite::Result<()> {
        self.execute("BEGIN")?;
        let changes = self.connection.total_changes();
        if self.young >= limits::YOUNG_RUNS_MAX || is_last {
            self.raise_floor()?;
        }
        for active in &batch.due {
            if self.write_segment(active, after)? {
                after.passes("append");
            }
        }
        let mut are_logs_wanted = batch.are_logs_due || is_last;
        for waiting in batch.commands {
            are_logs_wanted |= matches!(waiting.command, Command::WriteLogs { .. });
            self.carry_out(waiting.command, after)?;
        }
        if is_last {
            for active in self.shared.leases.all() {
                self.write_segment(&active, after)?;
            }
        }
        if are_logs_wanted {
            logs::write(&self.connection, self.shared.logs.take())?;
        }
        after.points("before_commit");
        self.execute("COMMIT")?;
        after.points("after_commit");
        if self.connection.total_changes() != changes {
            self.commits += 1;
            self.shared.counters.commits.fetch_add(1, Ordering::Relaxed);
            self.wal.written(&self.shared.counters);
        }
        Ok(())
    }

    #[expect(clippy::too_many_lines, reason = "a table: what each command is")]
    fn carry_out(&mut self, command: Command, after: &mut After) -> rusqlite::Result<()> {
        match command {
            Command::Publish { generation, events, answer } => {
                after.passes("publish");
                let published = self.publish(generation, events, after);
                after.answer(answer, published)
            }
            Command::Settle { active, verdict, answer } => {
                after.passes("settle");
                let settled = self.settle(&active, verdict, after);
                after.answer(answer, settled)
            }
            Command::Act { active, key, context, generation, effect, answer } => {
                after.passes("act");
                let acted = self.act(&active, &key, &context, generation, effect, after);
                after.answer(answer, acted)
            }
            Command::Signal { namespace, signal, answer } => {
                let receiver = self.signal(&namespace, &signal, after);
                after.answer(answer, receiver)
            }
            Command::Cancel { namespace, run, reason, answer } => {
                after.passes("cancel");
                let cancelled = self.cancel(&namespace, run, &reason, after);
                after.answer(answer, cancelled)
            }
            Command::CancelMany { cancellation, answer } => {
                let cancelled = self.cancel_many(&cancellation, after);
                after.answer(answer, cancelled)
            }
            Command::ForgetCancellation { namespace, id, answer } => {
                let forgotten = self.forget_cancellation(&namespace, id);
                after.answer(answer, forgotten)
            }
            Command::BeginBulkRetry { retry, answer } => {
                let begun = self.begin_bulk_retry(retry);
                after.answer(answer, begun)
            }
            Command::NoteBulkRetry { view, answer } => {
                after.passes("note_retries");
                let noted = self.note_bulk_retry(&view);
                after.answer(answer, noted)
            }
            Command::ForgetBulkRetry { namespace, id, answer } => {
                let forgotten = self.forget_bulk_retry(&namespace, id);
                after.answer(answer, forgotten)
            }
            Command::CancelSome => {
                after.passes("cancel_some");
                self.cancel_some(after)
            }
            Command::Flush { active, answer } => {
                after.passes("flush");
                self.write_segment(&active, after)?;
                after.answer(answer, Ok(()))
            }
            Command::Activate { version, answer } => {
                after.passes("activate");
                let generation = self.activate(&version);
                after.generation = Some(self.generation);
                after.answer(answer, generation)
            }
            Command::Retire { namespace, plugin, answer } => {
                let generation = self.retire(&namespace, &plugin);
                after.generation = Some(self.generation);
                after.answer(answer, generation)
            }
            Command::Replay { generation, replay, answer } => {
                let replayed = self.replay(generation, *replay, after);
                after.answer(answer, replayed)
            }
            Command::Remember { run, notes } => self.remember(run, &notes),
            Command::Pause { function, pause, answer } => {
                let paused = self.pause(&function, pause);
                after.answer(answer, paused)
            }
            Command::WriteLogs { answer } | Command::Close { answer } => after.answer(answer, Ok(())),
            Command::Refill => {
                after.refills = true;
                Ok(())
            }
        }
    }

    /// Makes one row of what the lease has recorded since it was last drained. Returns whether there was anything.
    pub fn write_segment(&mut self, active: &Arc<Active>, after: &mut After) -> rusqlite::Result<bool> {
        let Some(segment) = active.drain() else { return Ok(false) };
        let mut insert = self.connection.prepare_cached("INSERT INTO segments VALUES (?, ?, ?)")?;
        insert.execute(params![active.row(), segment.first, segment.bytes])?;
        after.durable.push((active.clone(), segment.next));
        Ok(true)
    }

    /// Lists every unended run that is not listed yet, so that a start needs to look at younger ones only.
    fn raise_floor(&mut self) -> rusqlite::Result<()> {
        let turns = {
            let mut agenda = self.shared.agenda();
            let mut turns = self.shared.leases.list_all();
            turns.extend(agenda.list_young());
            turns.extend(agenda.list_held());
            turns
        };
        let mut insert = self.connection.prepare_cached("INSERT OR IGNORE INTO open VALUES (?, ?)")?;
        for (due, row) in turns {
            insert.execute(params![row, due as i64])?;
        }
        drop(insert);
        self.floor = self.floor.max(self.last_run);
        self.young = 0;
        self.connection.prepare_cached("UPDATE house SET floor = ?")?.execute([self.floor])?;
        Ok(())
    }

    /// Reads on in the table `open`.
    fn refill(&mut self) {
        let (from, room) = self.shared.agenda().refill_from();
        match recovery::read_open(&self.connection, from, room) {
            Ok((turns, beyond)) => {
                let mut agenda = self.shared.agenda();
                let waiting: Vec<_> = turns
                    .into_iter()
                    .filter(|turn| !self.shared.leases.has(turn.1) && !agenda.gates.holds(turn.1))
                    .collect();
                agenda.refill(from, waiting.into_iter(), beyond);
                drop(agenda);
                self.shared.news.notify_one();
            }
            Err(error) => {
                tracing::error!(%error, "the database cannot be read: the host ends");
                std::process::abort();
            }
        }
    }

    /// Brings the log's pages into the database once it has grown enough. Between two commits, not inside one, so that
    /// nobody's answer waits for it.
    fn write_back(&mut self) {
        if !self.commits.is_multiple_of(COMMITS_PER_LOOK) {
            return;
        }
        let pages = match self.connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::NOOP) {
            Ok((pages, done)) => u64::try_from(pages - done).unwrap_or(0),
            Err(_) => return,
        };
        if pages * PAGE_BYTES < limits::WAL_MAX_BYTES {
            return;
        }
        match self.connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
            Ok(_) => self.wal.written_back(&self.shared.counters),
            // The log stays as it is and grows on; the next look tries again.
            Err(error) => tracing::warn!(%error, "the write-ahead log could not be written back"),
        }
    }

    fn shut_down(&mut self) {
        self.shared.readers.close();
        if let Err(error) = self.connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE) {
            tracing::warn!(%error, "the write-ahead log could not be written back");
        }
        self.shared.dismiss();
    }

    pub fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Carries out all or nothing of `change`: refused, it leaves no trace.
    pub fn whole<T>(
        &mut self,
        after: &mut After,
        change: impl FnOnce(&mut Self, &mut After) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.execute("SAVEPOINT command")?;
        let (posted, moved) = (after.posted.len(), after.moved.len());
        let outcome = change(self, after);
        if matches!(outcome, Err(Trouble::Refused(_))) {
            self.execute("ROLLBACK TO command")?;
            self.shared.names.reload(&self.connection)?;
            self.awaited = Awaited::read(&self.connection)?;
            after.posted.truncate(posted);
            let mut agenda = self.shared.agenda();
            for Moved { row, from, .. } in after.moved.drain(moved..) {
                agenda.add_listed((from, row), None);
            }
        }
        self.execute("RELEASE command")?;
        outcome
    }
}
