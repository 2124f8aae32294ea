//! The child process that compiles, under limits: the compiler is the largest thing that a stranger's bytes reach.

use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use super::compile_here;
use crate::limits;
use crate::sandbox::Error;

/// The hidden command by which `stepwell` compiles for its parent: `__compile <in> <out> [<functions>]`.
pub const COMPILE_COMMAND: &str = "__compile";

/// The child's work: it limits itself, compiles `input` into `output`, and tells its parent of errors. It takes
/// what it can from `functions`, and adds to it.
pub fn child_main(input: &Path, output: &Path, functions: Option<&Path>) -> ExitCode {
    let compile = || {
        limit_self().map_err(|error| format!("the limits could not be set: {error}"))?;
        let bytes = std::fs::read(input).map_err(|error| error.to_string())?;
        compile_here(&bytes, output, functions).map_err(|error| match error {
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
    let limit = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Cpu, limit(limits::COMPILE_CPU_S))?;
    setrlimit(Resource::As, limit(limits::COMPILE_MEMORY_BYTES))?;
    setrlimit(Resource::Core, limit(0))?;
    Ok(())
}

/// The parent's work.
pub(super) async fn compile(
    program: &Path,
    input: &Path,
    output: &Path,
    functions: Option<&Path>,
) -> Result<(), Error> {
    let at_compiler = |source| Error::Compiler { path: program.to_owned(), source };
    let mut child = Command::new(program)
        .arg(COMPILE_COMMAND)
        .args([input, output])
        .args(functions)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(at_compiler)?;
    let wall = Duration::from_secs(limits::COMPILE_WALL_S);
    let Ok(ended) = tokio::time::timeout(wall, hear_out(&mut child)).await else {
        let _ = child.kill().await;
        return Err(Error::CompileLimit(format!("took longer than {} s", limits::COMPILE_WALL_S)));
    };
    let (status, words) = ended.map_err(at_compiler)?;
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
    const KILLED: i32 = Signal::KILL.as_raw();
    const OUT_OF_TIME: i32 = Signal::XCPU.as_raw();
    if status.success() {
        return Ok(());
    }
    // The words of Rust's allocator and the system.
    if words.contains("memory allocation of") || words.contains("Cannot allocate memory") {
        let gigabytes = limits::COMPILE_MEMORY_BYTES >> 30;
        return Err(Error::CompileLimit(format!("takes more than {gigabytes} GiB of memory")));
    }
    match status.signal() {
        // The hard limit kills; so does the kernel when the machine is out of memory.
        Some(OUT_OF_TIME | KILLED) => {
            let seconds = limits::COMPILE_CPU_S;
            Err(Error::CompileLimit(format!(
                "takes more than {seconds} s of processor time, or more memory than there is"
            )))
        }
        Some(signal) => Err(Error::Compile(format!("the compiler was ended by signal {signal}: {words}"))),
        None if words.is_empty() => Err(Error::Compile(format!("the compiler ended with {status}"))),
        None => Err(Error::Compile(words.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has the parent use this shell script as its compiler.
    async fn compiled_by(script: &str) -> Result<(), String> {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a directory");
        let program = dir.path().join("compiler");
        // Another thread that forks right now would hold the file open for writing, and it could not be run.
        let text = format!("#!/bin/sh\n{script}\n");
        std::fs::write(dir.path().join("script"), text).expect("writes");
        std::fs::set_permissions(dir.path().join("script"), std::fs::Permissions::from_mode(0o700)).expect("allows");
        std::fs::rename(dir.path().join("script"), &program).expect("renames");
        let (input, output) = (dir.path().join("in"), dir.path().join("out"));
        compile(&program, &input, &output, None).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_childs_end_is_told() {
        let cases = [
            ("echo 'function 7 is broken' >&2; exit 1", "could not be compiled: function 7 is broken"),
            ("exit 3", "the compiler ended with exit status: 3"),
            ("kill -XCPU $$", "takes more than 120 s of processor time"),
            ("kill -KILL $$", "takes more than 120 s of processor time"),
            ("echo 'memory allocation of 9 bytes failed' >&2; kill -ABRT $$", "takes more than 4 GiB of memory"),
            ("kill -SEGV $$", "ended by signal 11"),
        ];
        for (script, wanted) in cases {
            let error = compiled_by(script).await.expect_err(script);
            assert!(error.contains(wanted), "{error}");
        }
        assert_eq!(compiled_by("test \"$1 $#\" = '__compile 3'").await, Ok(()));
    }

    #[tokio::test]
    async fn a_compiler_that_is_not_there_is_told() {
        let nowhere = Path::new("/nowhere/stepwell");
        let error = compile(nowhere, nowhere, nowhere, None).await.expect_err("cannot be started");
        assert!(error.is_transient() && error.to_string().contains("/nowhere/stepwell"), "{error}");
    }
}
