//! The `stepwell` executable: parse, run, exit code.

use std::process::ExitCode;

/// The host makes and frees many small things on many threads; the system's allocator halves its throughput.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    stepwell::cli::main()
}
