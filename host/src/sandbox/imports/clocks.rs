//! `wasi:clocks`: the body's own time outside a step, the real one inside; waiting always takes real time.

use std::time::Duration;

use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use crate::sandbox::instance::State;

impl wall_clock::Host for State {
    fn now(&mut self) -> Result<wall_clock::Datetime> {
        let now = self.moment.wall();
        Ok(wall_clock::Datetime { seconds: now.as_secs(), nanoseconds: now.subsec_nanos() })
    }

    fn resolution(&mut self) -> Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds: 1_000_000 })
    }
}

impl monotonic_clock::Host for State {
    fn now(&mut self) -> Result<u64> {
        Ok(self.moment.monotonic())
    }

    fn resolution(&mut self) -> Result<u64> {
        Ok(1)
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        let wait = when.saturating_sub(self.moment.monotonic());
        self.subscribe_duration(wait)
    }

    fn subscribe_duration(&mut self, wait: u64) -> Result<Resource<DynPollable>> {
        let timer = match tokio::time::Instant::now().checked_add(Duration::from_nanos(wait)) {
            _ if wait == 0 => Timer::Now,
            Some(end) => Timer::At(end),
            None => Timer::Never,
        };
        let timer = self.table.push(timer)?;
        subscribe(&mut self.table, timer)
    }
}

enum Timer {
    /// Waits for nothing, so it keeps the guest's turn: one that polls in a circle gives way after its slice, as any
    /// does.
    Now,
    At(tokio::time::Instant),
    Never,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        match self {
            Self::Now => {}
            Self::At(end) => tokio::time::sleep_until(*end).await,
            Self::Never => std::future::pending().await,
        }
    }
}
