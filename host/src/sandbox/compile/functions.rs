//! Functions that were compiled before: plugins that hold the same language's engine share its code.
//!
//! A file of them: how many, then for each its key, place and length, then their code. It is written anew as a whole
//! and takes its name when it is complete, so that a concurrent reader has the previous one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime::CacheStore;

use super::shelf::Scrap;
use crate::limits;

/// SHA-256 of all that a function's code depends on, by the compiler's doing.
type Key = [u8; 32];

/// How much of the file one function's entry takes, beside its code.
const ENTRY_BYTES: usize = size_of::<Key>() + 2 * size_of::<u64>();

#[derive(Debug)]
pub(super) struct Functions {
    path: PathBuf,
    file: Option<File>,
    before: HashMap<Key, Kept>,
    new: Mutex<HashMap<Key, Vec<u8>>>,
}

/// Where a function's code is in the file.
#[derive(Debug)]
struct Kept {
    at: u64,
    len: u64,
    /// By the compilation that goes on.
    is_used: AtomicBool,
}

impl Functions {
    /// The file's contents; empty if it does not exist or cannot be read.
    pub(super) fn open(path: &Path) -> Self {
        let (file, before) = match File::open(path).and_then(|file| Ok((read_index(&file)?, file))) {
            Ok((before, file)) => (Some(file), before),
            Err(_) => (None, HashMap::new()),
        };
        Self { path: path.to_owned(), file, before, new: Mutex::default() }
    }

    /// Keeps what was used and what is new, and of the rest as much as there is room for.
    pub(super) fn keep(&self) -> io::Result<()> {
        let new = self.new.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if new.is_empty() {
            return Ok(());
        }
        let mut before: Vec<_> = self.before.iter().collect();
        before.sort_by_key(|(_, kept)| (!kept.is_used.load(Ordering::Relaxed), kept.at));
        let mut room =
            limits::COMPILED_FUNCTIONS_MAX_BYTES.saturating_sub(new.values().map(|code| code.len() as u64).sum());
        before.retain(|(_, kept)| {
            let fits = kept.len <= room;
            room = if fits { room - kept.len } else { 0 };
            fits
        });
        let scrap = Scrap::beside(&self.path, "functions");
        let mut out = BufWriter::new(File::create(&scrap.path)?);
        let lengths = new.iter().map(|(key, code)| (key, code.len() as u64));
        let lengths: Vec<_> = lengths.chain(before.iter().map(|(key, kept)| (*key, kept.len))).collect();
        out.write_all(&(lengths.len() as u64).to_le_bytes())?;
        let mut at = (size_of::<u64>() + lengths.len() * ENTRY_BYTES) as u64;
        for (key, len) in lengths {
            out.write_all(key)?;
            out.write_all(&at.to_le_bytes())?;
            out.write_all(&len.to_le_bytes())?;
            at += len;
        }
        for code in new.values() {
            out.write_all(code)?;
        }
        for (_, kept) in before {
            out.write_all(&self.read(kept).ok_or(io::ErrorKind::UnexpectedEof)?)?;
        }
        // Else a power cut may leave the name with other contents: an index that holds, and invalid code.
        out.into_inner()?.sync_all()?;
        std::fs::rename(&scrap.path, &self.path)
    }

    fn read(&self, kept: &Kept) -> Option<Vec<u8>> {
        let mut code = vec![0; usize::try_from(kept.len).ok()?];
        self.file.as_ref()?.read_exact_at(&mut code, kept.at).ok()?;
        Some(code)
    }
}

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let kept = self.before.get(key)?;
        kept.is_used.store(true, Ordering::Relaxed);
        self.read(kept).map(Cow::Owned)
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        let Ok(key) = Key::try_from(key) else { return false };
        self.new.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key, value);
        true
    }
}

fn read_index(mut file: &File) -> io::Result<HashMap<Key, Kept>> {
    let all = file.metadata()?.len();
    let mut count = [0; size_of::<u64>()];
    file.read_exact(&mut count)?;
    let count = u64::from_le_bytes(count);
    let bytes =
        count.checked_mul(ENTRY_BYTES as u64).filter(|bytes| *bytes <= all).ok_or(io::ErrorKind::InvalidData)?;
    let mut index = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
    file.read_exact(&mut index)?;
    let number = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).map_err(io::Error::other);
    let entry = |entry: &[u8]| {
        let (key, rest) = entry.split_at(size_of::<Key>());
        let (at, len) = rest.split_at(size_of::<u64>());
        let (at, len) = (number(at)?, number(len)?);
        if at.checked_add(len).is_none_or(|end| end > all) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok((key.try_into().map_err(io::Error::other)?, Kept { at, len, is_used: AtomicBool::new(false) }))
    };
    index.chunks_exact(ENTRY_BYTES).map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Key {
        [n; 32]
    }

    #[test]
    fn what_was_compiled_before_is_there_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.functions");
        let first = Functions::open(&path);
        assert!(first.get(&key(1)).is_none() && first.insert(&key(1), vec![1; 5]) && first.insert(&key(2), vec![2]));
        first.keep().expect("written");
        let second = Functions::open(&path);
        assert_eq!(second.get(&key(1)).as_deref(), Some(&[1; 5][..]));
        second.insert(&key(3), Vec::new());
        second.keep().expect("written");
        let third = Functions::open(&path);
        let all: Vec<_> = (1..=4).map(|n| third.get(&key(n)).map(Cow::into_owned)).collect();
        assert_eq!(all, [Some(vec![1; 5]), Some(vec![2]), Some(vec![]), None]);
        assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_file_that_is_none_is_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.functions");
        for text in [&b""[..], b"short", &[255; 100], &[1, 0, 0, 0, 0, 0, 0, 0, 7]] {
            std::fs::write(&path, text).expect("written");
            let functions = Functions::open(&path);
            assert!(functions.get(&key(1)).is_none());
            functions.insert(&key(1), vec![1]);
            functions.keep().expect("written");
            assert_eq!(Functions::open(&path).get(&key(1)).as_deref(), Some(&[1][..]));
        }
    }
}
