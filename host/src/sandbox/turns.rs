//! Polls a guest's call only while it has a turn.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::Owner;
use super::link::Link;
use super::turnstile::{Turn, Turnstile};

/// Drives the call to its end. A call that waits for the host gives its turn up; one that has computed for a slice gives
/// way if others wait. The last turn comes back too: taking the instance down is part of its work.
pub(super) async fn in_turns<T>(
    turnstile: &Arc<Turnstile>,
    owner: &Owner,
    link: &Link,
    call: impl Future<Output = T>,
) -> (T, Turn) {
    let mut call = pin!(call);
    let mut kept = None;
    loop {
        let turn = match kept.take() {
            Some(turn) if !turnstile.is_wanted() => turn,
            given_up => {
                drop(given_up);
                next_turn(turnstile, owner, link).await
            }
        };
        let polled = poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
        if let Poll::Ready(ended) = polled {
            return (ended, turn);
        }
        match (link.take_yield(), turnstile.is_wanted()) {
            // The call can go on at once, as soon as it has its next turn.
            (true, true) => drop(turn),
            (true, false) => {
                kept = Some(turn);
                woken().await;
            }
            (false, _) => {
                drop(turn);
                woken().await;
            }
        }
    }
}

async fn next_turn(turnstile: &Arc<Turnstile>, owner: &Owner, link: &Link) -> Turn {
    match turnstile.try_turn(owner) {
        Some(turn) => turn,
        None => {
            let _queued = link.queued();
            turnstile.turn(owner).await
        }
    }
}

/// Pending once: the call that was polled before has seen to it that this task is woken.
async fn woken() {
    let mut is_first = true;
    poll_fn(|_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }).await;
}
