//! Driving a body: letting it run dry, then taking one result at a time from the host.

use crate::bindings::stepwell::plugin::types::Outcome;
use crate::error::{Error, Result};
use crate::operations::Operations;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

/// Runs a body as far as this pass goes.
pub(crate) fn drive(operations: &Operations, body: impl Future<Output = Result<String>>) -> Outcome {
    let mut body = Box::pin(body);
    let waker = RootWaker::new();
    loop {
        if let Poll::Ready(result) = waker.run_dry(body.as_mut())
            && !operations.stopped()
        {
            return ended(result);
        }
        if !operations.advance() {
            // The instance is to be thrown away in the midst of the body, whose destructors are not to run.
            std::mem::forget(body);
            return if operations.waits() { Outcome::Suspended } else { ended(Err(stalled())) };
        }
    }
}

/// Runs one operation to its end, for the blocking style.
pub(crate) fn wait<F: Future>(operations: &Operations, operation: F) -> F::Output {
    let mut operation = pin!(operation);
    let waker = RootWaker::new();
    loop {
        if let Poll::Ready(result) = waker.run_dry(operation.as_mut()) {
            return result;
        }
        if !operations.advance() {
            operations.host().suspend();
        }
    }
}

/// Runs what an async step closure yields to its end, which must not wait for anything outside of it.
pub(crate) fn complete<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match RootWaker::new().run_dry(pin!(future)) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(stalled_step()),
    }
}

pub(crate) fn ended(result: Result<String>) -> Outcome {
    match result {
        Ok(json) => Outcome::Completed(json),
        Err(error) => Outcome::Failed(error.of_body()),
    }
}

fn stalled() -> Error {
    let message = "the function awaits something that is not an operation of Stepwell's and never comes";
    Error::own("StalledError", message.to_owned())
}

fn stalled_step() -> Error {
    let message = "the step's closure awaits something that nothing inside it brings about: use a blocking call there, \
                   or a reactor's `block_on`";
    Error::own("StalledError", message.to_owned())
}

/// A waker that remembers whether it was called, so that futures which wake themselves are polled again.
struct RootWaker {
    woken: Arc<Woken>,
    waker: Waker,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

impl RootWaker {
    fn new() -> Self {
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        Self { waker: Waker::from(Arc::clone(&woken)), woken }
    }

    /// Polls until the future is ready or can go no further by itself.
    fn run_dry<F: Future + ?Sized>(&self, mut future: Pin<&mut F>) -> Poll<F::Output> {
        loop {
            self.woken.0.store(false, Relaxed);
            let poll = future.as_mut().poll(&mut Context::from_waker(&self.waker));
            if poll.is_ready() || !self.woken.0.load(Relaxed) {
                return poll;
            }
        }
    }
}
