//! Imports of guests: the contract's own interfaces, and WASI 0.2 as far as it is granted.

mod clocks;
mod denied;
mod env;
mod http;
mod log;
mod random;
mod stdio;
mod steps;

pub(super) use denied::Denied;
pub(super) use http::Outbound;
pub use http::{Connections, Unfetched, fetch};
pub(super) use log::Panicked;

use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::p2::bindings::{cli, clocks as wasi_clocks, io, random as wasi_random};

use super::bindings::Plugin;
use super::instance::State;

/// Our own implementations work on the whole state of the instance.
struct Whole;

impl HasData for Whole {
    type Data<'a> = &'a mut State;
}

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// Everything that a plugin can import, linked once per sandbox.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    Plugin::add_to_linker::<State, Whole>(linker, |state| state)?;
    add_io(linker)?;
    add_clocks_and_random(linker)?;
    add_cli(linker)?;
    denied::add_to_linker(linker)?;
    http::add_to_linker(linker)
}

fn add_io(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<State, Table>(linker, |state| &mut state.table)?;
    io::poll::add_to_linker::<State, Table>(linker, |state| &mut state.table)?;
    io::streams::add_to_linker::<State, Table>(linker, |state| &mut state.table)
}

fn add_clocks_and_random(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasi_clocks::wall_clock::add_to_linker::<State, Whole>(linker, |state| state)?;
    wasi_clocks::monotonic_clock::add_to_linker::<State, Whole>(linker, |state| state)?;
    wasi_random::random::add_to_linker::<State, Whole>(linker, |state| state)?;
    wasi_random::insecure::add_to_linker::<State, Whole>(linker, |state| state)?;
    wasi_random::insecure_seed::add_to_linker::<State, Whole>(linker, |state| state)
}

fn add_cli(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    cli::exit::add_to_linker::<State, Whole>(linker, |state| state)?;
    cli::environment::add_to_linker::<State, Whole>(linker, |state| state)?;
    cli::stdin::add_to_linker::<State, Whole>(linker, |state| state)?;
    cli::stdout::add_to_linker::<State, Whole>(linker, |state| state)?;
    cli::stderr::add_to_linker::<State, Whole>(linker, |state| state)?;
    cli::terminal_input::add_to_linker::<State, Whole>(linker, |state| state)?;
    cli::terminal_output::add_to_linker::<State, Whole>(linker, |state| state)?;
    cli::terminal_stdin::add_to_linker::<State, Whole>(linker, |state| state)?;
    cli::terminal_stdout::add_to_linker::<State, Whole>(linker, |state| state)?;
    cli::terminal_stderr::add_to_linker::<State, Whole>(linker, |state| state)
}
