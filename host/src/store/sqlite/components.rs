//! The bytes of versions: one file each, named by its digest and checked against it when read.
//!
//! They are files and not rows so that a deployment of many megabytes holds up no commit.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::model::Digest;
use crate::store::Error;

const ENDING: &str = "wasm";

/// Writes the bytes if they are not there yet, whole; they are on disk when it answers.
pub fn keep(folder: &Path, digest: Digest, bytes: &[u8]) -> Result<(), Error> {
    let path = path(folder, digest);
    if matches!(read(folder, digest), Ok(Some(_))) {
        return Ok(());
    }
    let write = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let unfinished = path.with_extension("unfinished");
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|error| Error::Engine(format!("version {} could not be written: {error}", digest.short())))
}

pub fn read(folder: &Path, digest: Digest) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path(folder, digest)) {
        Ok(bytes) if Digest::of(&bytes) == digest => Ok(Some(bytes)),
        Ok(_) => Err(Error::Engine(format!("the bytes of version {} are damaged: deploy it again", digest.short()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Engine(format!("version {} could not be read: {error}", digest.short()))),
    }
}

/// Removes all but these. Best effort: what is left is tried again at the next start.
pub fn keep_only(folder: &Path, wanted: &HashSet<Digest>) {
    let wanted: HashSet<PathBuf> = wanted.iter().map(|digest| path(folder, *digest)).collect();
    let Ok(files) = fs::read_dir(folder) else { return };
    for file in files.flatten().map(|file| file.path()).filter(|file| !wanted.contains(file)) {
        if let Err(error) = fs::remove_file(&file) {
            tracing::warn!(%error, file = %file.display(), "a version that nothing needs could not be removed");
        }
    }
}

fn path(folder: &Path, digest: Digest) -> PathBuf {
    folder.join(digest.to_string()).with_extension(ENDING)
}
