//! Compiling a component once and keeping the code.

mod child;
mod shelf;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;
use wasmtime::Engine;
use wasmtime::component::Component;

pub use self::child::{COMPILE_COMMAND, child_main};
use self::shelf::{Scrap, Shelf};
use super::{Compiler, Error, engine};
use crate::model::Digest;

/// The cache of compiled code, and the way to fill it.
pub(super) struct Workshop {
    shelf: Shelf,
    compiler: Compiler,
    fingerprint: String,
    /// One at a time: it takes every core and much memory.
    turn: Mutex<()>,
}

impl Workshop {
    pub(super) fn new(cache: PathBuf, compiler: Compiler, engine: &Engine) -> Result<Self, Error> {
        let fingerprint = engine::fingerprint(engine);
        Ok(Self { shelf: Shelf::open(cache)?, compiler, fingerprint, turn: Mutex::new(()) })
    }

    /// The component's code: from the cache, or compiled now. Code that cannot be read is compiled again.
    pub(super) async fn component(
        &self,
        engine: &Engine,
        digest: &Digest,
        bytes: Arc<[u8]>,
    ) -> Result<Component, Error> {
        let path = self.shelf.path(&format!("{digest}-{}", self.fingerprint));
        if let Some(component) = cached(engine, &path) {
            return Ok(component);
        }
        let _turn = self.turn.lock().await;
        if let Some(component) = cached(engine, &path) {
            return Ok(component);
        }
        self.compile(bytes, &path).await?;
        self.shelf.tidy_up(&path);
        map(engine, &path).map_err(|error| Error::Compile(format!("the compiled code cannot be loaded: {error:#}")))
    }

    /// Never writes over a file that may be mapped: a new one takes its name.
    async fn compile(&self, bytes: Arc<[u8]>, path: &Path) -> Result<(), Error> {
        let output = Scrap::beside(path, "code");
        match &self.compiler {
            Compiler::InProcess => {
                let to = output.path.clone();
                let work = tokio::task::spawn_blocking(move || compile_here(&bytes, &to));
                work.await.expect("the compiler does not panic")?;
            }
            Compiler::Child(program) => {
                let input = Scrap::beside(path, "component");
                tokio::fs::write(&input.path, &bytes).await.map_err(|error| Error::at(&input.path, error))?;
                child::compile(program, &input.path, &output.path).await?;
            }
        }
        tokio::fs::rename(&output.path, path).await.map_err(|error| Error::at(path, error))
    }
}

fn cached(engine: &Engine, path: &Path) -> Option<Component> {
    if !path.exists() {
        return None;
    }
    match map(engine, path) {
        Ok(component) => {
            shelf::mark_used(path);
            Some(component)
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), "compiled code cannot be used and is made again: {error:#}");
            None
        }
    }
}

#[expect(unsafe_code, reason = "machine code is loaded: only from files that this host's own compiler wrote")]
fn map(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the directory is the host's own (mode 0700), files in it are written by `compile_here` alone, named by
    // the digest of what they were compiled from, and replaced by renaming but never written to in place.
    unsafe { Component::deserialize_file(engine, path) }
}

fn compile_here(bytes: &[u8], output: &Path) -> Result<(), Error> {
    let engine = engine::compiler()?;
    let code = engine.precompile_component(bytes).map_err(|error| Error::Compile(format!("{error:#}")))?;
    let write = || {
        let mut file = std::fs::File::create(output)?;
        file.write_all(&code)?;
        // Else a power cut may leave the name without the contents.
        file.sync_all()
    };
    write().map_err(|error| Error::at(output, error))
}
