//! Polls a guest's call only while it has a turn.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::Owner;
use super::link::Link;
use super::turnstile::{Place, Turn, Turnstile};
use crate::limits;

/// Drives the call to its end. A call that waits for the host gives its turn up; one that has computed for a slice
/// gives way if others wait. The last turn comes back too: taking the instance down is part of its work.
pub(super) async fn in_turns<T>(
    turnstile: &Arc<Turnstile>,
    owner: &Owner,
    link: &Link,
    call: impl Future<Output = T>,
) -> (T, Turn) {
    let mut call = pin!(call);
    let mut work = Work::default();
    let mut turn = take(turnstile, owner, link, work.place()).await;
    loop {
        let began = Instant::now();
        let polled = poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
        work.add(began.elapsed());
        if let Poll::Ready(ended) = polled {
            return (ended, turn);
        }
        if !link.take_yield() {
            drop(turn);
            woken().await;
            turn = take(turnstile, owner, link, work.place()).await;
            continue;
        }
        if !turnstile.is_wanted() {
            woken().await;
        }
        if turnstile.is_wanted() {
            let _queued = link.queued();
            turn = turnstile.next_turn(turn, work.place()).await;
        }
    }
}

async fn take(turnstile: &Arc<Turnstile>, owner: &Owner, link: &Link, place: Place) -> Turn {
    match turnstile.try_turn(owner) {
        Some(turn) => turn,
        None => {
            let _queued = link.queued();
            turnstile.turn(owner, place).await
        }
    }
}

/// The time that the call has computed so far.
#[derive(Debug, Default)]
struct Work {
    computed: Duration,
}

impl Work {
    fn add(&mut self, time: Duration) {
        self.computed += time;
    }

    fn place(&self) -> Place {
        let is_begun = self.computed > Duration::ZERO;
        if is_begun && self.computed < limits::COMPUTES_LITTLE { Place::Begun } else { Place::Other }
    }
}

/// Pending once: the call that was polled before has arranged that this task is woken.
async fn woken() {
    let mut is_first = true;
    poll_fn(|_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }).await;
}
