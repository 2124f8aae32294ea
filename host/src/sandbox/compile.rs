//! Compiling a component once, in a child process under limits, and keeping the code.

use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::{Compiler, Error, engine};
use crate::limits;
use crate::model::Digest;

/// The hidden command by which `stepwell` compiles for its parent: `__compile <in> <out>`.
pub const COMPILE_COMMAND: &str = "__compile";

/// The cache of compiled code, and the way to fill it.
pub(super) struct Workshop {
    cache: PathBuf,
    compiler: Compiler,
    fingerprint: String,
    /// One at a time: it takes every core and up to [`limits::COMPILE_MEMORY_BYTES`].
    turn: Mutex<()>,
}

impl Workshop {
    pub(super) fn new(cache: PathBuf, compiler: Compiler, engine: &Engine) -> Result<Self, Error> {
        make_private_dir(&cache).map_err(|source| Error::Cache { path: cache.clone(), source })?;
        Ok(Self { cache, compiler, fingerprint: engine::fingerprint(engine), turn: Mutex::new(()) })
    }

    /// The component's code: from the cache, or compiled now. Code that cannot be read is compiled again.
    pub(super) async fn component(&self, engine: &Engine, digest: &Digest, bytes: &[u8]) -> Result<Component, Error> {
        let path = self.cache.join(format!("{digest}-{}.cwasm", self.fingerprint));
        if let Some(component) = cached(engine, &path) {
            return Ok(component);
        }
        let _turn = self.turn.lock().await;
        if let Some(component) = cached(engine, &path) {
            return Ok(component);
        }
        self.compile(bytes, &path).await?;
        map(engine, &path).map_err(|error| Error::Compile(format!("the compiled code cannot be loaded: {error:#}")))
    }

    /// Never writes over a file that may be mapped: a new one takes its name.
    async fn compile(&self, bytes: &[u8], path: &Path) -> Result<(), Error> {
        let at_cache = |source| Error::Cache { path: self.cache.clone(), source };
        let output = Scrap::new(path, "cwasm.part");
        match &self.compiler {
            Compiler::InProcess => compile_here(bytes, &output.path)?,
            Compiler::Child(program) => {
                let input = Scrap::new(path, "wasm.part");
                tokio::fs::write(&input.path, bytes).await.map_err(at_cache)?;
                compile_in_child(program, &input.path, &output.path).await?;
            }
        }
        tokio::fs::rename(&output.path, path).await.map_err(at_cache)
    }
}

/// A file that is gone when it is no longer needed, unless it has been given another name.
struct Scrap {
    path: PathBuf,
}

impl Scrap {
    fn new(beside: &Path, extension: &str) -> Self {
        let path = beside.with_extension(format!("{}.{extension}", std::process::id()));
        Self { path }
    }
}

impl Drop for Scrap {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn make_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn cached(engine: &Engine, path: &Path) -> Option<Component> {
    if !path.exists() {
        return None;
    }
    match map(engine, path) {
        Ok(component) => Some(component),
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
    write().map_err(|source| Error::Cache { path: output.to_owned(), source })
}

/// What the child does: limits itself, compiles `input` into `output`, and tells its parent what went wrong.
pub fn child_main(input: &Path, output: &Path) -> ExitCode {
    let compile = || {
        limit_self().map_err(|error| format!("the limits could not be set: {error}"))?;
        let bytes = std::fs::read(input).map_err(|error| error.to_string())?;
        compile_here(&bytes, output).map_err(|error| match error {
            Error::Compile(message) => message,
            error => error.to_string(),
        })
    };
    match compile() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn limit_self() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Cpu, limit(limits::COMPILE_CPU_S))?;
    setrlimit(Resource::As, limit(limits::COMPILE_MEMORY_BYTES))?;
    setrlimit(Resource::Core, limit(0))?;
    Ok(())
}

async fn compile_in_child(program: &Path, input: &Path, output: &Path) -> Result<(), Error> {
    let mut child = Command::new(program)
        .arg(COMPILE_COMMAND)
        .args([input, output])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| Error::Compiler { path: program.to_owned(), source })?;
    let wall = Duration::from_secs(limits::COMPILE_WALL_S);
    let Ok(ended) = tokio::time::timeout(wall, hear_out(&mut child)).await else {
        let _ = child.kill().await;
        return Err(Error::CompileLimit(format!("took longer than {} s", limits::COMPILE_WALL_S)));
    };
    let (status, words) = ended.map_err(|source| Error::Compiler { path: program.to_owned(), source })?;
    read_status(status, &words)
}

/// The child's end and what it said, cut to a bound.
async fn hear_out(child: &mut Child) -> io::Result<(ExitStatus, String)> {
    let mut words = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(limits::COMPILER_WORDS_MAX_BYTES).read_to_end(&mut words).await?;
    }
    let status = child.wait().await?;
    Ok((status, String::from_utf8_lossy(&words).trim().to_owned()))
}

fn read_status(status: ExitStatus, words: &str) -> Result<(), Error> {
    const SIGKILL: i32 = rustix::process::Signal::KILL.as_raw();
    const SIGXCPU: i32 = rustix::process::Signal::XCPU.as_raw();
    if status.success() {
        return Ok(());
    }
    if words.contains("memory allocation of") || words.contains("Cannot allocate memory") {
        let gigabytes = limits::COMPILE_MEMORY_BYTES >> 30;
        return Err(Error::CompileLimit(format!("takes more than {gigabytes} GiB of memory")));
    }
    match status.signal() {
        Some(SIGXCPU | SIGKILL) => {
            Err(Error::CompileLimit(format!("takes more than {} s of processor time", limits::COMPILE_CPU_S)))
        }
        Some(signal) => Err(Error::Compile(format!("the compiler was ended by signal {signal}: {words}"))),
        None if words.is_empty() => Err(Error::Compile(format!("the compiler ended with {status}"))),
        None => Err(Error::Compile(words.to_owned())),
    }
}
