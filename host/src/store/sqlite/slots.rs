//! The file that tells the next process which runs this one was executing when it died.
//!
//! It is written without a sync: it has to outlive the process, not the machine. Stale slots are harmless: each names
//! its incarnation, and recovery leaves out runs that have ended.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

const SLOT_BYTES: usize = 24;

#[derive(Debug)]
pub struct Slots {
    file: File,
    incarnation: i64,
    free: Mutex<Free>,
}

#[derive(Debug, Default)]
struct Free {
    slots: Vec<u32>,
    next: u32,
}

/// The runs' rows that the file names, with the incarnation that leased them.
pub fn read(path: &Path) -> io::Result<Vec<(i64, i64)>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let (slots, _) = bytes.as_chunks::<SLOT_BYTES>();
    Ok(slots.iter().filter_map(decode).collect())
}

impl Slots {
    /// Begins anew: to be called once recovery has done with what was there.
    pub fn create(path: &Path, incarnation: i64) -> io::Result<Self> {
        let file = File::options().create(true).truncate(true).write(true).open(path)?;
        Ok(Self { file, incarnation, free: Mutex::default() })
    }

    /// Notes that the run executes.
    pub fn occupy(&self, row: i64) -> u32 {
        let slot = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            free.slots.pop().unwrap_or_else(|| {
                free.next += 1;
                free.next - 1
            })
        };
        self.write(slot, &encode(row, self.incarnation));
        slot
    }

    /// Notes that it does not any more.
    pub fn clear(&self, slot: u32) {
        self.write(slot, &[0; SLOT_BYTES]);
    }

    /// Gives the slot to another run. Without [`Self::clear`] only for runs that have ended.
    pub fn release(&self, slot: u32) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).slots.push(slot);
    }

    fn write(&self, slot: u32, bytes: &[u8; SLOT_BYTES]) {
        // A crash is then not counted against the run: worth a line, not a failure.
        if let Err(error) = self.file.write_all_at(bytes, u64::from(slot) * SLOT_BYTES as u64) {
            tracing::warn!(%error, "the file of leases could not be written");
        }
    }
}

fn encode(row: i64, incarnation: i64) -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    bytes[..8].copy_from_slice(&row.to_le_bytes());
    bytes[8..16].copy_from_slice(&incarnation.to_le_bytes());
    bytes[16..].copy_from_slice(&check(row, incarnation).to_le_bytes());
    bytes
}

fn decode(bytes: &[u8; SLOT_BYTES]) -> Option<(i64, i64)> {
    let word = |at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[at..at + 8]);
        i64::from_le_bytes(word)
    };
    let (row, incarnation) = (word(0), word(8));
    (word(16) == check(row, incarnation)).then_some((row, incarnation))
}

/// Tells a slot from a torn or empty one.
fn check(row: i64, incarnation: i64) -> i64 {
    (row ^ incarnation.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64) ^ 0x5357_4c45_4153_4553
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_executes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("leases");
        assert_eq!(read(&path).expect("readable"), []);
        let slots = Slots::create(&path, 7).expect("writable");
        let (first, second) = (slots.occupy(11), slots.occupy(12));
        slots.clear(first);
        slots.release(first);
        assert_eq!(read(&path).expect("readable"), [(12, 7)]);
        assert_eq!(slots.occupy(13), first);
        assert_eq!(read(&path).expect("readable"), [(13, 7), (12, 7)]);
        slots.release(second);
        drop(slots);
        std::fs::write(&path, [1; 30]).expect("writable");
        assert_eq!(read(&path).expect("readable"), []);
    }
}
