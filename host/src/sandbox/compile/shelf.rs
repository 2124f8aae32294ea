//! The folder of compiled code: private, bounded, and safe from half-written files.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};

use crate::limits;
use crate::sandbox::Error;

const CODE: &str = "cwasm";
const FUNCTIONS: &str = "functions";
const SCRAP: &str = "part";
/// A file in the making that is older was left by a process that is gone.
const SCRAP_MAX_AGE: Duration = Duration::from_secs(2 * limits::COMPILE_WALL_S);

#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    max_bytes: u64,
}

impl Shelf {
    pub(super) fn open(folder: PathBuf) -> Result<Self, Error> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| Error::at(&folder, error))?;
        Ok(Self { folder, max_bytes: limits::COMPILED_CACHE_MAX_BYTES })
    }

    pub(super) fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.{CODE}"))
    }

    /// Where functions are kept that several plugins have, for engines of that fingerprint.
    pub(super) fn functions(&self, fingerprint: &str) -> PathBuf {
        self.folder.join(format!("{fingerprint}.{FUNCTIONS}"))
    }

    /// Removes what was not used for longest, down to the bound, and what was never finished. Code that is in use stays
    /// mapped without its name. That it may fail is no reason not to run the plugin.
    pub(super) fn tidy_up(&self, keep: &Path) {
        if let Err(error) = self.try_tidy_up(keep) {
            tracing::warn!(folder = %self.folder.display(), %error, "the cache of compiled code could not be tidied up");
        }
    }

    fn try_tidy_up(&self, keep: &Path) -> io::Result<()> {
        let mut code = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            // The file may be gone by now.
            let Ok(meta) = fs::metadata(&path) else { continue };
            let used = meta.modified()?;
            let is_old = used.elapsed().is_ok_and(|age| age > SCRAP_MAX_AGE);
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(SCRAP) if is_old => fs::remove_file(&path)?,
                Some(CODE | FUNCTIONS) if path != keep => code.push((used, meta.len(), path)),
                _ => {}
            }
        }
        code.sort();
        let mut held: u64 = fs::metadata(keep)?.len() + code.iter().map(|(_, len, _)| len).sum::<u64>();
        for (_, len, path) in code {
            if held <= self.max_bytes {
                break;
            }
            fs::remove_file(path)?;
            held -= len;
        }
        Ok(())
    }
}

/// So that it is not the next to go.
pub(super) fn mark_used(path: &Path) {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    if let Err(error) = utimensat(CWD, path, &times, AtFlags::empty()) {
        tracing::debug!(path = %path.display(), %error, "the use of compiled code could not be noted");
    }
}

/// A file in the making: gone when it is no longer needed, unless it has been given another name.
#[derive(Debug)]
pub(super) struct Scrap {
    pub(super) path: PathBuf,
}

impl Scrap {
    /// Names a file that neither another process uses nor another sandbox of this one.
    pub(super) fn beside(path: &Path, what: &str) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let (process, nth) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        Self { path: path.with_extension(format!("{what}-{process}-{nth}.{SCRAP}")) }
    }
}

impl Drop for Scrap {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_in_the_making_do_not_meet() {
        let path = Path::new("cache/a.cwasm");
        assert_ne!(Scrap::beside(path, "code").path, Scrap::beside(path, "code").path);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let dir = tempfile::tempdir().expect("a directory");
        let shelf = Shelf { max_bytes: 25, ..Shelf::open(dir.path().join("cache")).expect("opens") };
        let path = |key: &str| shelf.path(key);
        let now = std::time::SystemTime::now();
        for (key, age_s) in [("a", 30), ("b", 40), ("c", 10), ("new", 0)] {
            let file = fs::File::create(path(key)).expect("creates");
            file.set_len(10).expect("grows");
            file.set_modified(now - Duration::from_secs(age_s)).expect("ages");
        }
        let scrap = Scrap::beside(&path("d"), "code");
        let file = fs::File::create(&scrap.path).expect("creates");
        file.set_modified(now - 2 * SCRAP_MAX_AGE).expect("ages");
        shelf.tidy_up(&path("new"));
        let is_there: Vec<bool> = ["a", "b", "c", "new"].map(|key| path(key).exists()).into();
        assert_eq!(is_there, [false, false, true, true]);
        assert!(!scrap.path.exists());
    }
}
