//! Keeps the memory that guests write where the engine resets it in place.
//!
//! The engine resets the first 32 runs of adjacent written pages of an instance's memory, and gives what lies behind
//! them back to the system (wasmtime's pull request 14357). A guest of TypeScript or Python writes more runs. Each
//! page behind the bound is read, written and copied anew by each guest, and each copy interrupts the other
//! processors. So this room looks at the memories now and then, and has the system make the pages between near runs
//! present too. Runs grow together by that, and stay so. What a page holds is not touched.

mod gaps;
mod memories;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use rustix::mm::{Advice, madvise};

use super::Error;
use crate::limits;

/// Looks at memories while guests run. The thread ends with its owner.
#[derive(Debug)]
pub(super) struct Keeper {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Debug, Default)]
struct Shared {
    is_parked: AtomicBool,
    is_over: AtomicBool,
}

impl Keeper {
    pub(super) fn start() -> Result<Self, Error> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let handle = thread::Builder::new()
            .name("resident".into())
            .spawn(move || keep(&theirs))
            .map_err(|error| Error::Engine(format!("no thread for the keeper of memories: {error}")))?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    /// A guest is about to run.
    pub(super) fn note_guest(&self) {
        if self.shared.is_parked.load(Ordering::Relaxed) {
            self.thread.unpark();
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.thread.unpark();
    }
}

/// Looks often as long as that shows something new, then ever more seldom.
fn keep(shared: &Shared) {
    let mut seen = Seen::new();
    let mut pause = limits::RESIDENT_LOOK_MS;
    loop {
        shared.is_parked.store(true, Ordering::Relaxed);
        thread::park();
        shared.is_parked.store(false, Ordering::Relaxed);
        thread::park_timeout(Duration::from_millis(pause));
        if shared.is_over.load(Ordering::Relaxed) {
            return;
        }
        pause = match look(&mut seen) {
            Ok(Look::Nothing) => (2 * pause).min(limits::RESIDENT_LOOK_SELDOM_MS),
            Ok(Look::News) => limits::RESIDENT_LOOK_MS,
            Err(error) => {
                tracing::warn!(%error, "failed to look at instances' memory: guests start more slowly");
                return;
            }
        };
    }
}

/// Which pages have been seen written or were made present, by the image that memories began with.
type Seen = BTreeMap<String, Vec<bool>>;

/// The findings of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Nothing,
    /// More written pages, or pages that were made present.
    News,
}

/// Looks at all memories.
fn look(seen: &mut Seen) -> io::Result<Look> {
    let pages = Pages { map: File::open("/proc/self/pagemap")?, bytes: rustix::param::page_size() };
    let memories = memories::all(&std::fs::read_to_string("/proc/self/maps")?);
    seen.retain(|image, _| memories.contains_key(image));
    let mut shown = Look::Nothing;
    for (image, memories) in memories {
        if look_at(&pages, &memories, seen.entry(image).or_default())? == Look::News {
            shown = Look::News;
        }
    }
    Ok(shown)
}

/// Joins near runs of written pages in all memories of one image, once nothing new is seen of them.
fn look_at(pages: &Pages, memories: &[Range<usize>], seen: &mut Vec<bool>) -> io::Result<Look> {
    let mut has_more = false;
    let mut written = Vec::new();
    for memory in memories {
        let present = memories::written(&pages.map, memory, pages.bytes)?;
        seen.resize(seen.len().max(present.len()), false);
        for (seen, is_written) in seen.iter_mut().zip(&present) {
            has_more |= *is_written && !*seen;
            *seen |= is_written;
        }
        written.push(present);
    }
    if has_more {
        return Ok(Look::News);
    }
    gaps::close(seen, limits::RESIDENT_BYTES / pages.bytes);
    let mut shown = Look::Nothing;
    for (memory, written) in memories.iter().zip(&written) {
        for run in gaps::absent(seen, written) {
            make_present(memory, &run, pages.bytes);
            shown = Look::News;
        }
    }
    Ok(shown)
}

struct Pages {
    map: File,
    bytes: usize,
}

/// Has the system give the guest pages of its own. Nothing happens if the memory is no longer there.
#[expect(unsafe_code, reason = "a call of the system's that makes pages present and changes nothing in them")]
fn make_present(memory: &Range<usize>, run: &Range<usize>, page_bytes: usize) {
    let start = std::ptr::with_exposed_provenance_mut(memory.start + run.start * page_bytes);
    // SAFETY: populating changes no content and no mapping. It is sound beside a guest that writes there, and where the
    // memory belongs to another guest or to nobody by now.
    let _ = unsafe { madvise(start, run.len() * page_bytes, Advice::LinuxPopulateWrite) };
}
