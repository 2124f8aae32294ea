//! How instances end other than by returning: traps, deadlines and limits, told as failures.

use std::fmt;

use wasmtime::{FrameInfo, FrameSymbol, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::instance::State;
use super::link::Cut;
use super::meter::Meter;
use super::{Exit, Usage};
use crate::limits;
use crate::model::{Failure, Kind};

/// Ends an instance from within a call that it made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error("suspended")]
    Suspended,
    #[error("refused: {}", .0.message)]
    Refused(Box<Failure>),
    #[error("the deadline has passed")]
    Overdue,
}

impl Stop {
    pub(super) fn refused(failure: Failure) -> Self {
        Self::Refused(Box::new(failure))
    }
}

/// How the instance ended, by the error that came out of it and what the state tells.
pub(super) fn of_error(error: &wasmtime::Error, state: &State) -> Exit {
    let stack = error.downcast_ref::<WasmBacktrace>().map(stack_text).filter(|stack| !stack.is_empty());
    let mut failure = match error.downcast_ref::<Stop>() {
        Some(Stop::Suspended) => return Exit::Suspended,
        Some(Stop::Refused(failure)) => return Exit::Faulted((**failure).clone()),
        Some(Stop::Overdue) => overdue(state),
        None => of_engine(error, state),
    };
    failure.stack = stack;
    Exit::Faulted(failure.bounded())
}

/// How the instance ended when it was cut off from outside.
pub(super) fn of_cut(cut: Cut, state: &State) -> Exit {
    match cut {
        Cut::Overdue => Exit::Faulted(overdue(state)),
        Cut::Lost => Exit::Suspended,
    }
}

fn overdue(state: &State) -> Failure {
    let what = match &state.open {
        Some(key) => format!("step {key}"),
        None => "the function's body".to_owned(),
    };
    let limit = state.link.deadline();
    let message =
        format!("{what} took longer than its deadline of {limit:?}; the plugin's setting `deadline` moves it");
    Failure::of_host(Kind::Timeout, "Timeout", message).coded("deadline")
}

fn of_engine(error: &wasmtime::Error, state: &State) -> Failure {
    let trap = error.downcast_ref::<Trap>().copied();
    if is_payload_limit(error) {
        let message = format!(
            "more than {} were passed between the plugin and the host in one call",
            bytes_text(limits::HOSTCALL_MAX_BYTES)
        );
        return Failure::of_host(Kind::Limit, "LimitExceeded", message).coded("payload_limit");
    }
    if is_handle_limit(error) {
        let message = format!(
            "the plugin held more than {} handles at once: requests, responses that are not read to their end, streams, \
             timers",
            limits::HANDLES_MAX
        );
        return Failure::of_host(Kind::Limit, "LimitExceeded", message).coded("handles_limit");
    }
    if trap == Some(Trap::StackOverflow) {
        let message = "the call stack is exhausted: a recursion does not end, or goes too deep";
        return Failure::of_host(Kind::Trap, "StackOverflow", message);
    }
    if let Some(wanted) = state.meter.refused() {
        return over_memory(wanted, &state.meter);
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        let message = with_last_words(format!("the plugin ended its process with exit code {}", exit.0), state);
        return Failure::of_host(Kind::Trap, "Exit", message);
    }
    of_trap(error, trap, state)
}

/// TypeScript's engine says so when nothing is left to run, and nothing was thrown: the guest's guess is certain then.
const RAN_DRY: &str = "event loop error, but no exception is pending";

fn of_trap(error: &wasmtime::Error, trap: Option<Trap>, state: &State) -> Failure {
    if let Some(panicked) = &state.panicked {
        let place = if panicked.place.is_empty() { String::new() } else { format!(" ({})", panicked.place) };
        return Failure::of_host(Kind::Trap, "Panic", format!("{}{place}", panicked.message));
    }
    let told = match trap {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    let words = state.last_words.as_deref().unwrap_or_default();
    if is_out_of_memory(words) {
        return over_own_memory(words, state.meter.usage());
    }
    if let Some(guess) = state.guess.as_ref().filter(|_| words.contains(RAN_DRY)) {
        return Failure::of_host(Kind::Trap, "Panic", guess.clone());
    }
    let name = if words.contains("panicked at") { "Panic" } else { "WasmTrap" };
    let mut message = with_last_words(told, state);
    if let Some(guess) = &state.guess {
        message.push_str(&format!("\n(perhaps: {guess})"));
    }
    Failure::of_host(Kind::Trap, name, message)
}

/// Prefers what the guest's runtime printed: it says more than the trap that followed.
fn with_last_words(told: String, state: &State) -> String {
    match state.last_words.as_deref().map(without_hint).filter(|words| !words.is_empty()) {
        Some(words) => words,
        None => told,
    }
}

/// Rust's advice on `RUST_BACKTRACE` means nothing here.
fn without_hint(words: &str) -> String {
    let kept: Vec<&str> = words.lines().filter(|line| !line.starts_with("note: run with `RUST_BACKTRACE")).collect();
    kept.join("\n").trim().to_owned()
}

fn over_memory(wanted: usize, meter: &Meter) -> Failure {
    Failure::of_host(Kind::Limit, "OutOfMemory", memory_text(wanted, meter)).coded("memory_limit")
}

/// An engine of a language has given up before it asked for more: its heap has a bound of its own.
fn over_own_memory(words: &str, Usage { memory_bytes, memory_max_bytes }: Usage) -> Failure {
    let message = format!(
        "{}\n(the plugin held {} of memory, its limit is {}: the heap of its language has a bound of its own)",
        words.trim(),
        bytes_text(memory_bytes),
        bytes_text(memory_max_bytes)
    );
    Failure::of_host(Kind::Limit, "OutOfMemory", message).coded("memory_limit")
}

fn memory_text(wanted: usize, meter: &Meter) -> String {
    format!(
        "the plugin asked for {} of memory, its limit is {}; {} raises it",
        bytes_text(wanted),
        bytes_text(meter.usage().memory_max_bytes),
        meter.setting()
    )
}

/// The guest's own error, with the limit that it has met, where it says no more than that memory is out.
pub(super) fn naming_limit(mut failure: Failure, meter: &Meter) -> Failure {
    let is_memory = failure.name == "MemoryError" || is_out_of_memory(&failure.message);
    if let Some(wanted) = meter.refused().filter(|_| is_memory) {
        let limit = memory_text(wanted, meter);
        failure.message = if failure.message.is_empty() { limit } else { format!("{}: {limit}", failure.message) };
    }
    failure
}

fn is_out_of_memory(words: &str) -> bool {
    words.to_ascii_lowercase().contains("out of memory")
}

/// The engine's own type for it is private.
fn is_payload_limit(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| cause.to_string().contains("fuel allocated for hostcalls has been exhausted"))
}

/// Of the engine's table of handles, or of the host's of what is behind them.
fn is_handle_limit(error: &wasmtime::Error) -> bool {
    const SAID: [&str; 2] = ["store handle limit exceeded", "resource table has no free keys"];
    error.chain().any(|cause| SAID.iter().any(|said| cause.to_string().contains(said)))
}

fn bytes_text(bytes: usize) -> String {
    const UNITS: [(&str, usize); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = UNITS.into_iter().find(|(_, size)| bytes >= *size);
    match unit {
        Some((name, size)) if bytes.is_multiple_of(size) => format!("{} {name}", bytes / size),
        Some((name, size)) => format!("{:.1} {name}", bytes as f64 / size as f64),
        None => format!("{bytes} bytes"),
    }
}

/// A line for each frame, innermost first: `function (file:line:column)`. What a language's runtime does once it has
/// given up stands before the place that matters, and is left out.
fn stack_text(backtrace: &WasmBacktrace) -> String {
    let lines: Vec<Frame> = backtrace.frames().iter().flat_map(frames).collect();
    let first = lines.iter().position(|frame| !frame.is_runtime()).unwrap_or(0);
    let text: Vec<String> = lines[first..].iter().map(ToString::to_string).collect();
    text.join("\n")
}

/// A line of the stack; the compiler may have made several of the guest's functions into one.
struct Frame {
    name: String,
    place: Option<String>,
}

fn frames(frame: &FrameInfo) -> Vec<Frame> {
    let index = frame.func_index();
    if frame.symbols().is_empty() {
        return vec![Frame { name: name(frame.func_name(), index), place: None }];
    }
    let read = |symbol: &FrameSymbol| {
        let column = symbol.column().unwrap_or(1);
        let place = symbol.file().zip(symbol.line()).map(|(file, line)| format!("{file}:{line}:{column}"));
        Frame { name: name(symbol.name().or(frame.func_name()), index), place }
    };
    frame.symbols().iter().map(read).collect()
}

impl Frame {
    /// Rust's panic and abort machinery.
    fn is_runtime(&self) -> bool {
        const NAMES: [&str; 7] = ["abort", "std::", "core::", "alloc::", "__rust", "rust_", "dlmalloc"];
        self.place.as_ref().is_some_and(|place| place.starts_with("/rustc/"))
            || NAMES.iter().any(|start| self.name.starts_with(start))
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{} ({place})", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A function's name as its author wrote it, without hash and final type arguments.
fn name(raw: Option<&str>, index: u32) -> String {
    match raw {
        Some(raw) => without_type_arguments(&format!("{:#}", rustc_demangle::demangle(raw))).to_owned(),
        None => format!("function {index}"),
    }
}

/// Debug information names `run_dry<…>` with types that fill a screen.
fn without_type_arguments(name: &str) -> &str {
    if !name.ends_with('>') {
        return name;
    }
    let mut depth = 0;
    for (at, c) in name.char_indices().rev() {
        match c {
            '>' if name[..at].ends_with(['-', '=']) => {}
            '>' => depth += 1,
            '<' => depth -= 1,
            _ => {}
        }
        if depth == 0 && c == '<' {
            let kept = name[..at].trim_end_matches("::");
            return if kept.is_empty() { name } else { kept };
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes_text(256 << 20), "256 MiB");
        assert_eq!(bytes_text((256 << 20) + (64 << 10)), "256.1 MiB");
        assert_eq!(bytes_text(3), "3 bytes");
    }

    #[test]
    fn names_are_demangled() {
        assert_eq!(name(Some("_ZN4core9panicking5panic17h0123456789abcdefE"), 0), "core::panicking::panic");
        assert_eq!(name(Some("call<dyn Fn(&A<B>) -> C, alloc::Global>"), 0), "call");
        assert_eq!(name(Some("std::sys::end::<F<X>, !>"), 0), "std::sys::end");
        assert_eq!(name(Some("<A as B<C>>::run"), 0), "<A as B<C>>::run");
        assert_eq!(name(Some("<closure>"), 0), "<closure>");
        assert_eq!(name(None, 7), "function 7");
    }
}
