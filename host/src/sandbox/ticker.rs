//! The thread that makes running guests look at the clock, asleep while none runs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

use super::Error;
use crate::limits;

/// Ticks without a guest before the thread goes to sleep: waking it costs more than a tick.
const IDLE_TICKS: u32 = 100;

/// Advances the engine's epoch every [`limits::EPOCH_TICK_MS`] while guests run. The thread ends with the last owner.
#[derive(Debug)]
pub(super) struct Ticker {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    running: AtomicUsize,
    /// Whether any guest was entered since the last tick.
    entered: AtomicBool,
    parked: AtomicBool,
    ended: AtomicBool,
    thread: OnceLock<Thread>,
}

/// A guest that runs: the ticker ticks as long as there is one.
#[derive(Debug)]
pub(super) struct Running {
    shared: Arc<Shared>,
}

impl Ticker {
    pub(super) fn start(engine: &Engine) -> Result<Self, Error> {
        let shared = Arc::new(Shared::default());
        let engine = engine.weak();
        let theirs = Arc::clone(&shared);
        let handle = thread::Builder::new()
            .name("epoch".into())
            .spawn(move || tick(&theirs, &engine))
            .map_err(|error| Error::Engine(format!("no thread for the ticker: {error}")))?;
        let _ = shared.thread.set(handle.thread().clone());
        Ok(Self { shared })
    }

    pub(super) fn running(&self) -> Running {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        self.shared.entered.store(true, Ordering::Relaxed);
        if self.shared.parked.load(Ordering::SeqCst) {
            self.shared.wake();
        }
        Running { shared: Arc::clone(&self.shared) }
    }
}

impl Shared {
    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.shared.wake();
    }
}

fn tick(shared: &Shared, engine: &EngineWeak) {
    let mut idle = 0;
    while !shared.ended.load(Ordering::SeqCst) {
        if idle >= IDLE_TICKS {
            sleep_until_entered(shared);
            idle = 0;
        }
        thread::sleep(Duration::from_millis(limits::EPOCH_TICK_MS));
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
        let active = shared.entered.swap(false, Ordering::Relaxed) || shared.running.load(Ordering::SeqCst) > 0;
        idle = if active { 0 } else { idle + 1 };
    }
}

fn sleep_until_entered(shared: &Shared) {
    shared.parked.store(true, Ordering::SeqCst);
    while shared.running.load(Ordering::SeqCst) == 0 && !shared.ended.load(Ordering::SeqCst) {
        thread::park();
    }
    shared.parked.store(false, Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeps_when_idle_and_wakes_when_entered() {
        let engine = Engine::default();
        let ticker = Ticker::start(&engine).expect("a thread");
        let parked = || ticker.shared.parked.load(Ordering::SeqCst);
        while !parked() {
            thread::sleep(Duration::from_millis(20));
        }
        let running = ticker.running();
        while parked() {
            thread::sleep(Duration::from_millis(1));
        }
        drop(running);
    }
}
