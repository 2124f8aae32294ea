//! A response's body, given up when it falls silent for too long or its run is cancelled.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;
use wasmtime_wasi_http::{Error, WasiBody};

use super::{Leave, of_cancelled_run};

struct Bounded {
    /// Dropped when it is given up, which closes its connection.
    incoming: Option<Incoming>,
    silence: Duration,
    end: Pin<Box<Sleep>>,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    open: Option<OwnedSemaphorePermit>,
}

pub(super) fn bounded(incoming: Incoming, leave: &mut Leave) -> WasiBody {
    let silence = leave.timeouts.between_bytes;
    let end = Box::pin(tokio::time::sleep(silence));
    let cancelled = Box::pin(leave.cancelled.clone().cancelled_owned());
    Bounded { incoming: Some(incoming), silence, end, cancelled, open: leave.open.take() }.boxed_unsync()
}

impl Bounded {
    fn give_up(&mut self, reason: Error) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.incoming = None;
        self.open = None;
        Poll::Ready(Some(Err(reason)))
    }
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(&mut *incoming).poll_frame(cx) {
            let is_at_end = frame.is_none() || incoming.is_end_stream();
            if let Some(end) = Instant::now().checked_add(self.silence) {
                self.end.as_mut().reset(end);
            }
            if is_at_end {
                self.open = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(super::told)));
        }
        if self.cancelled.as_mut().poll(cx).is_ready() {
            return self.give_up(of_cancelled_run());
        }
        ready!(self.end.as_mut().poll(cx));
        self.give_up(Error::ConnectionReadTimeout)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}
