//! A response's body, given up when it falls silent for too long.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, WasiBody};

struct Bounded {
    incoming: Incoming,
    silence: Duration,
    end: Pin<Box<Sleep>>,
}

pub(super) fn bounded(incoming: Incoming, silence: Duration) -> WasiBody {
    let end = Box::pin(tokio::time::sleep(silence));
    Bounded { incoming, silence, end }.boxed_unsync()
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            if let Some(end) = Instant::now().checked_add(self.silence) {
                self.end.as_mut().reset(end);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(super::told)));
        }
        ready!(self.end.as_mut().poll(cx));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
