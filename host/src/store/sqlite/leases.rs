//! The leases of this process, and what their holders have recorded that is not on disk yet.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::agenda::{Listed, Loaded, Turn};
use crate::model::{Digest, FunctionKey, Invoker, Record, RunId, Terms};
use crate::store::{Error, Lease, codec};

/// A leased run.
#[derive(Debug)]
pub struct Active {
    pub run: RunId,
    pub function: Arc<FunctionKey>,
    pub version: Digest,
    pub invoker: Option<Invoker>,
    pub terms: Option<Arc<Terms>>,
    pub epoch: u64,
    /// Where the file of leases has it.
    pub slot: u32,
    /// Its turn, to which it goes back.
    pub turn: Turn,
    is_listed: AtomicBool,
    has_acted: AtomicBool,
    has_mail: AtomicBool,
    mail_taken: AtomicI64,
    mail: Notify,
    pending: Mutex<Pending>,
}

#[derive(Debug)]
struct Pending {
    /// A journal segment.
    bytes: Vec<u8>,
    /// The order of its first record.
    first: u32,
    /// The order of the next record.
    next: u32,
    /// Records before this order are on disk.
    durable: u32,
    stage: Stage,
    is_announced: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Held,
    /// Its verdict is on its way.
    Settling,
    Ended,
}

/// Records on their way to disk.
#[derive(Debug, Default)]
pub struct Segment {
    pub bytes: Vec<u8>,
    pub first: u32,
    /// The order behind the last.
    pub next: u32,
}

impl Active {
    pub fn new(loaded: &Loaded, epoch: u64, slot: u32, turn: Turn, listed: Listed) -> Self {
        let next = loaded.journal.last().map_or(0, |record| record.order + 1);
        let pending =
            Pending { bytes: Vec::new(), first: next, next, durable: next, stage: Stage::Held, is_announced: false };
        Self {
            run: loaded.run,
            function: loaded.function.clone(),
            version: loaded.version,
            invoker: loaded.invoker.clone(),
            terms: loaded.terms.clone(),
            epoch,
            slot,
            turn,
            is_listed: AtomicBool::new(listed == Listed::Open),
            has_acted: AtomicBool::new(loaded.has_waits || listed == Listed::Open),
            has_mail: AtomicBool::new(false),
            mail_taken: AtomicI64::new(0),
            mail: Notify::new(),
            pending: Mutex::new(pending),
        }
    }

    pub fn row(&self) -> i64 {
        self.run.row()
    }

    pub fn listed(&self) -> Listed {
        if self.is_listed.load(Ordering::Acquire) { Listed::Open } else { Listed::Not }
    }

    /// The table `open` has it from now on. Only the writer says so.
    pub fn list(&self) {
        self.is_listed.store(true, Ordering::Release);
    }

    /// Marks the run as having side effects that its end must clean up.
    pub fn acts(&self) {
        self.has_acted.store(true, Ordering::Release);
    }

    /// Whether it may have.
    pub fn has_acted(&self) -> bool {
        self.has_acted.load(Ordering::Acquire)
    }

    /// There is mail that nobody has asked for.
    pub fn mail_came(&self) {
        self.has_mail.store(true, Ordering::Release);
        self.mail.notify_one();
    }

    /// Takes the flag: true if mail has arrived since the last call.
    pub fn ask_for_mail(&self) -> bool {
        self.has_mail.swap(false, Ordering::AcqRel)
    }

    pub fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    /// Something has changed that it may have waited for.
    pub fn wake(&self) {
        self.mail.notify_one();
    }

    pub async fn wait_for_mail(&self) {
        self.mail.notified().await;
    }

    pub fn take_mail(&self, up_to: i64) {
        self.mail_taken.fetch_max(up_to, Ordering::AcqRel);
    }

    pub fn mail_taken(&self) -> i64 {
        self.mail_taken.load(Ordering::Acquire)
    }

    /// Takes records. Answers whether the writer does not know yet that there are some.
    pub fn append(&self, records: &[Record]) -> Result<bool, Error> {
        let mut pending = self.pending();
        if pending.stage != Stage::Held {
            return Err(Error::LeaseLost(self.run));
        }
        for record in records {
            if record.order != pending.next {
                let (found, wanted) = (record.order, pending.next);
                return Err(Error::Engine(format!("record {found} of run {} came where {wanted} is due", self.run)));
            }
            codec::add_record(&mut pending.bytes, record);
            pending.next += 1;
        }
        Ok(!records.is_empty() && !std::mem::replace(&mut pending.is_announced, true))
    }

    /// Takes out what is not on its way to disk yet; `None` when that is nothing.
    pub fn drain(&self) -> Option<Segment> {
        let mut pending = self.pending();
        pending.is_announced = false;
        if pending.bytes.is_empty() {
            return None;
        }
        let bytes = std::mem::take(&mut pending.bytes);
        let segment = Segment { bytes, first: pending.first, next: pending.next };
        pending.first = pending.next;
        Some(segment)
    }

    /// Puts back what was drained and not written.
    pub fn undrain(&self, segment: Segment) {
        let mut pending = self.pending();
        debug_assert!(pending.bytes.is_empty(), "nothing is appended while a verdict is on its way");
        pending.first = segment.first;
        pending.bytes = segment.bytes;
    }

    /// Records before that order are on disk.
    pub fn set_durable(&self, next: u32) {
        let mut pending = self.pending();
        pending.durable = pending.durable.max(next);
    }

    pub fn is_durable(&self) -> bool {
        let pending = self.pending();
        pending.durable == pending.next
    }

    pub fn has_pending(&self) -> bool {
        !self.pending().bytes.is_empty()
    }

    /// From now on nothing may be appended.
    pub fn begin_settling(&self) -> Result<(), Error> {
        let mut pending = self.pending();
        if pending.stage != Stage::Held {
            return Err(Error::LeaseLost(self.run));
        }
        pending.stage = Stage::Settling;
        Ok(())
    }

    /// The verdict was refused: the lease goes on.
    pub fn resume(&self) {
        self.pending().stage = Stage::Held;
    }

    pub fn end(&self) {
        self.pending().stage = Stage::Ended;
    }

    pub fn is_held(&self) -> bool {
        self.pending().stage == Stage::Held
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All leases. Epochs grow over all runs and incarnations.
///
/// An unended run is always either on the agenda or here: it changes places under the agenda's lock.
#[derive(Debug)]
pub struct Leases {
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    /// Taken from the agenda, about to be leased.
    claims: HashMap<i64, (Turn, Listed)>,
    active: HashMap<i64, Arc<Active>>,
    epoch: u64,
}

impl Leases {
    /// Each incarnation of the store has 2^32 epochs of its own.
    pub fn new(incarnation: i64) -> Self {
        let epoch = (incarnation as u64) << 32;
        Self { table: Mutex::new(Table { claims: HashMap::new(), active: HashMap::new(), epoch }) }
    }

    pub fn claim(&self, turn: Turn, listed: Listed) {
        self.table().claims.insert(turn.1, (turn, listed));
    }

    /// The claim on that row.
    pub fn claimed(&self, row: i64) -> Option<(Turn, Listed)> {
        self.table().claims.get(&row).copied()
    }

    /// Ends a claim; `None` if it is not held.
    pub fn unclaim(&self, row: i64) -> Option<(Turn, Listed)> {
        self.table().claims.remove(&row)
    }

    /// Makes a lease of a claim.
    pub fn activate(&self, loaded: &Loaded, slot: u32) -> Option<Arc<Active>> {
        let mut table = self.table();
        let (turn, listed) = table.claims.remove(&loaded.run.row())?;
        table.epoch += 1;
        let active = Arc::new(Active::new(loaded, table.epoch, slot, turn, listed));
        table.active.insert(active.row(), active.clone());
        Some(active)
    }

    /// The run of the lease, while it is held.
    pub fn held(&self, lease: &Lease) -> Result<Arc<Active>, Error> {
        let found = self.get(lease.run.row());
        found
            .filter(|active| active.epoch == lease.epoch && active.run == lease.run && active.is_held())
            .ok_or(Error::LeaseLost(lease.run))
    }

    pub fn get(&self, row: i64) -> Option<Arc<Active>> {
        self.table().active.get(&row).cloned()
    }

    /// Whether the run in that row is claimed or leased.
    pub fn has(&self, row: i64) -> bool {
        let table = self.table();
        table.active.contains_key(&row) || table.claims.contains_key(&row)
    }

    pub fn remove(&self, row: i64) {
        self.table().active.remove(&row);
    }

    pub fn all(&self) -> Vec<Arc<Active>> {
        self.table().active.values().cloned().collect()
    }

    /// Takes all runs for listed ones: the caller lists those that it is told.
    pub fn list_all(&self) -> Vec<Turn> {
        let mut table = self.table();
        let claims = table.claims.values_mut().filter(|(_, listed)| *listed == Listed::Not).map(|claim| {
            claim.1 = Listed::Open;
            claim.0
        });
        let mut turns: Vec<Turn> = claims.collect();
        for active in table.active.values().filter(|active| active.listed() == Listed::Not) {
            active.list();
            turns.push(active.turn);
        }
        turns
    }

    pub fn is_empty(&self) -> bool {
        let table = self.table();
        table.active.is_empty() && table.claims.is_empty()
    }

    pub fn count(&self) -> usize {
        self.table().active.len()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
