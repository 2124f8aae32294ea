//! `wasi:filesystem` and `wasi:sockets`: every Python and TypeScript component imports them, so they are there, and
//! refuse everything.

use wasmtime::component::Linker;
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::{filesystem, sockets};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsCtx, WasiSocketsCtxView};

use crate::sandbox::instance::State;

/// The engine's own contexts, with nothing granted. Few guests ever ask, so they are made when one does.
#[derive(Default)]
pub(in crate::sandbox) struct Denied {
    contexts: Option<Box<(WasiFilesystemCtx, WasiSocketsCtx)>>,
}

impl State {
    fn filesystem(&mut self) -> WasiFilesystemCtxView<'_> {
        let (filesystem, _) = &mut **self.denied.contexts.get_or_insert_default();
        WasiFilesystemCtxView { ctx: filesystem, table: &mut self.table }
    }

    fn sockets(&mut self) -> WasiSocketsCtxView<'_> {
        let (_, sockets) = &mut **self.denied.contexts.get_or_insert_default();
        WasiSocketsCtxView { ctx: sockets, table: &mut self.table }
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    filesystem::types::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    filesystem::preopens::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    let options = sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<State, WasiSockets>(linker, &options, State::sockets)?;
    sockets::instance_network::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    sockets::tcp::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    sockets::udp::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    sockets::udp_create_socket::add_to_linker::<State, WasiSockets>(linker, State::sockets)
}
