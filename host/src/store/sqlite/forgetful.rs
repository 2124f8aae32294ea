//! A VFS for tests that knows what a power loss would leave: of each file what was synced, and of the rest some.
#![expect(unsafe_code, reason = "SQLite's interface to the file system is one of C")]

use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::ffi::{SQLITE_OK, sqlite3_file, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find, sqlite3_vfs_register};

/// The VFS's name.
pub const NAME: &str = "forgetful";
/// A write that was not synced survives in pieces of this size, each by itself.
const SECTOR_BYTES: usize = 512;

#[derive(Debug, Default)]
struct Disks {
    files: HashMap<PathBuf, Image>,
    /// Handles, by address, with what the system's own VFS does with them.
    open: HashMap<usize, (PathBuf, sqlite3_io_methods)>,
    /// Folders whose disk says that it has synced and has not.
    lying: HashSet<PathBuf>,
}

#[derive(Debug, Default)]
struct Image {
    synced: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { to: usize },
}

/// The system's own VFS, which does the work.
struct Real(*mut sqlite3_vfs);

// SAFETY: the VFS is registered once, never changed and never freed.
unsafe impl Send for Real {}
// SAFETY: as above.
unsafe impl Sync for Real {}

static REAL: OnceLock<Real> = OnceLock::new();
static DISKS: Mutex<Option<Disks>> = Mutex::new(None);

struct Locked(MutexGuard<'static, Option<Disks>>);

impl Locked {
    fn disks(&mut self) -> &mut Disks {
        self.0.get_or_insert_default()
    }
}

fn locked() -> Locked {
    Locked(DISKS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Makes the VFS known to SQLite.
pub fn register() {
    REAL.get_or_init(|| {
        // SAFETY: SQLite owns the VFS that it finds, for good; ours is a copy of it that is never freed either.
        unsafe {
            let vfs = sqlite3_vfs_find(std::ptr::null());
            let mut ours = *vfs;
            ours.zName = c"forgetful".as_ptr();
            ours.pNext = std::ptr::null_mut();
            ours.xOpen = Some(open);
            ours.xDelete = Some(delete);
            assert_eq!(sqlite3_vfs_register(Box::leak(Box::new(ours)), 0), SQLITE_OK);
            Real(vfs)
        }
    });
}

/// From now on the disk under that folder acknowledges syncs and does nothing.
pub fn stop_syncing(folder: &Path) {
    locked().disks().lying.insert(folder.to_owned());
}

/// Writes to `into` what a power loss at this moment would leave of the files in `folder`. `survives` says it of each
/// piece that was not synced.
pub fn lose_power(folder: &Path, into: &Path, mut survives: impl FnMut() -> bool) {
    let mut locked = locked();
    let files = locked.disks().files.iter().filter(|(path, _)| path.parent() == Some(folder));
    for (path, image) in files {
        let mut content = image.synced.clone();
        for change in &image.unsynced {
            change.apply(&mut content, &mut survives);
        }
        let name = path.file_name().expect("a file has a name");
        std::fs::write(into.join(name), content).expect("written");
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>, survives: &mut impl FnMut() -> bool) {
        match self {
            Self::Truncate { to } if survives() => content.truncate(*to),
            Self::Truncate { .. } => {}
            Self::Write { at, bytes } => {
                for (number, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                    let at = at + number * SECTOR_BYTES;
                    if survives() {
                        content.resize(content.len().max(at + sector.len()), 0);
                        content[at..at + sector.len()].copy_from_slice(sector);
                    }
                }
            }
        }
    }
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let Some(real) = REAL.get() else { return 1 };
    // SAFETY: the arguments are SQLite's, and `file` has room for the system's own handle: ours is a copy of that VFS.
    unsafe {
        let Some(open) = (*real.0).xOpen else { return 1 };
        let code = open(real.0, name, file, flags, out);
        if code != SQLITE_OK || name.is_null() {
            return code;
        }
        let path = path(name);
        let methods = *(*file).pMethods;
        // A few bytes for each open: tests end.
        (*file).pMethods = Box::leak(Box::new(patched(methods)));
        let mut locked = locked();
        let disks = locked.disks();
        let synced = || Image { synced: std::fs::read(&path).unwrap_or_default(), unsynced: Vec::new() };
        disks.files.entry(path.clone()).or_insert_with(synced);
        disks.open.insert(file as usize, (path, methods));
        code
    }
}

fn patched(mut methods: sqlite3_io_methods) -> sqlite3_io_methods {
    methods.xWrite = Some(write);
    methods.xTruncate = Some(truncate);
    methods.xSync = Some(sync);
    methods.xClose = Some(close);
    methods
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    let Some(real) = REAL.get() else { return 1 };
    // SAFETY: the arguments are SQLite's.
    unsafe {
        locked().disks().files.remove(&path(name));
        (*real.0).xDelete.map_or(1, |delete| delete(real.0, name, sync))
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, bytes: *const c_void, count: c_int, at: i64) -> c_int {
    // SAFETY: SQLite gives as many bytes as it says.
    let data = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), count as usize) };
    change(file, Change::Write { at: at as usize, bytes: data.to_vec() });
    // SAFETY: the handle is the system's own.
    methods(file).and_then(|methods| methods.xWrite).map_or(1, |write| unsafe { write(file, bytes, count, at) })
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, to: i64) -> c_int {
    change(file, Change::Truncate { to: to as usize });
    // SAFETY: the handle is the system's own.
    methods(file).and_then(|methods| methods.xTruncate).map_or(1, |truncate| unsafe { truncate(file, to) })
}

/// The real file needs no sync: it is never read after a power loss.
unsafe extern "C" fn sync(file: *mut sqlite3_file, _: c_int) -> c_int {
    let mut locked = locked();
    let disks = locked.disks();
    let Some((path, _)) = disks.open.get(&(file as usize)) else { return SQLITE_OK };
    if path.parent().is_none_or(|folder| !disks.lying.contains(folder))
        && let Some(image) = disks.files.get_mut(path)
    {
        for change in std::mem::take(&mut image.unsynced) {
            change.apply(&mut image.synced, &mut || true);
        }
    }
    SQLITE_OK
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let handle = locked().disks().open.remove(&(file as usize));
    // SAFETY: the handle is the system's own.
    handle.and_then(|(_, methods)| methods.xClose).map_or(1, |close| unsafe { close(file) })
}

fn change(file: *mut sqlite3_file, change: Change) {
    let mut locked = locked();
    let disks = locked.disks();
    if let Some(image) = disks.open.get(&(file as usize)).and_then(|(path, _)| disks.files.get_mut(path)) {
        image.unsynced.push(change);
    }
}

fn methods(file: *mut sqlite3_file) -> Option<sqlite3_io_methods> {
    locked().disks().open.get(&(file as usize)).map(|(_, methods)| *methods)
}

/// # Safety
/// The name is a string of C.
unsafe fn path(name: *const c_char) -> PathBuf {
    // SAFETY: as the caller promises.
    PathBuf::from(unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}
