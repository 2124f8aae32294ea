//! Compiling a component once and keeping the code.

mod child;
mod functions;
mod shelf;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;
use wasmtime::Engine;
use wasmtime::component::Component;

pub use self::child::{COMPILE_COMMAND, child_main};
use self::functions::Functions;
use self::shelf::{Scrap, Shelf};
use super::{Compiler, Error, engine};
use crate::limits;
use crate::model::Digest;

/// The cache of compiled code, and the way to fill it.
pub(super) struct Workshop {
    shelf: Shelf,
    compiler: Compiler,
    fingerprint: String,
    /// Held while compiling: it takes every core and much memory.
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
        let is_large = bytes.len() >= limits::COMPONENT_WITH_ENGINE_BYTES;
        let functions = is_large.then(|| self.shelf.functions(&self.fingerprint));
        match &self.compiler {
            Compiler::InProcess => {
                let to = output.path.clone();
                let work = tokio::task::spawn_blocking(move || compile_here(&bytes, &to, functions.as_deref()));
                work.await.expect("the compiler does not panic")?;
            }
            Compiler::Child(program) => {
                let input = Scrap::beside(path, "component");
                tokio::fs::write(&input.path, &bytes).await.map_err(|error| Error::at(&input.path, error))?;
                child::compile(program, &input.path, &output.path, functions.as_deref()).await?;
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

/// `functions`: a file of functions that were compiled before, to take from and add to.
fn compile_here(bytes: &[u8], output: &Path, functions: Option<&Path>) -> Result<(), Error> {
    let functions = functions.map(|path| Arc::new(Functions::open(path)));
    let engine = engine::compiler(functions.clone().map(|functions| functions as _))?;
    let code = engine.precompile_component(bytes).map_err(|error| Error::Compile(format!("{error:#}")))?;
    let write = || {
        let mut file = std::fs::File::create(output)?;
        file.write_all(&code)?;
        // Else a power cut may leave the name without the contents.
        file.sync_all()
    };
    write().map_err(|error| Error::at(output, error))?;
    // Without them the next one takes longer, and that is all.
    let _ = functions.map(|functions| functions.keep());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(functions: &[u8]) -> u8 {
        functions[0]
    }

    #[test]
    fn a_function_is_compiled_once_for_all_that_have_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let functions = folder.path().join("f.functions");
        let code = |data: &str, more: &str| {
            let module = format!(
                r#"(component (core module (memory 1) (data (i32.const 0) "{data}") {more}
                     (func (export "f") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 77)))))"#
            );
            let output = folder.path().join("out");
            let module = wat::parse_str(module).expect("a component");
            compile_here(&module, &output, Some(&functions)).expect("compiled");
            let shared = std::fs::read(&output).expect("written");
            compile_here(&module, &output, None).expect("compiled");
            assert!(shared == std::fs::read(&output).expect("written"), "the code is the same in either way");
            std::fs::read(&functions).expect("kept")
        };
        let one = code("one", "");
        let two = code("two", "");
        let more = code("one", r#"(func (export "g") (result i32) (i32.const 5))"#);
        assert!(
            count(&one) > 1 && count(&two) <= count(&one) + 1,
            "but for what has to do with its data, all is there"
        );
        assert!(count(&more) > count(&two), "what is new is kept too");
    }
}
