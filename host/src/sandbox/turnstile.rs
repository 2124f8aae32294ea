//! Lets few guests compute at once, and shares that fairly between plugins.

mod lines;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use self::lines::Lines;
use super::Owner;

/// The place that every guest passes before it computes.
#[derive(Debug)]
pub(super) struct Turnstile {
    lines: Mutex<Lines<Owner, oneshot::Sender<Turn>>>,
    is_wanted: AtomicBool,
}

/// The right to compute. Dropping it gives it to the next in line.
#[derive(Debug)]
pub(super) struct Turn {
    turnstile: Arc<Turnstile>,
    owner: Owner,
    since: Instant,
}

impl Turnstile {
    /// `turns`: guests that compute at once.
    pub(super) fn new(turns: usize) -> Arc<Self> {
        Arc::new(Self { lines: Mutex::new(Lines::new(turns.max(1))), is_wanted: AtomicBool::new(false) })
    }

    /// Takes a turn if one is free.
    pub(super) fn try_turn(self: &Arc<Self>, owner: &Owner) -> Option<Turn> {
        self.lines().take(owner).then(|| Turn::new(Arc::clone(self), owner.clone()))
    }

    /// Waits for a turn, in the plugin's line.
    pub(super) async fn turn(self: &Arc<Self>, owner: &Owner) -> Turn {
        loop {
            let coming = {
                let mut lines = self.lines();
                if lines.take(owner) {
                    drop(lines);
                    return Turn::new(Arc::clone(self), owner.clone());
                }
                let (sender, coming) = oneshot::channel();
                lines.wait(owner, sender);
                self.is_wanted.store(true, Ordering::Relaxed);
                coming
            };
            if let Ok(turn) = coming.await {
                return turn;
            }
        }
    }

    /// Whether a guest waits for a turn. May lag behind for an instant.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Lines<Owner, oneshot::Sender<Turn>>> {
        self.lines.lock().expect("no panic while held")
    }

    fn leave(self: &Arc<Self>, owner: &Owner, ran: Duration) {
        let next = {
            let mut lines = self.lines();
            lines.leave(owner, ran);
            let next = lines.serve(|waiting| !waiting.is_closed());
            self.is_wanted.store(lines.has_waiting(), Ordering::Relaxed);
            next
        };
        if let Some((owner, waiting)) = next {
            // A guest that has just stopped waiting sends the turn back, and its drop passes it on.
            let _ = waiting.send(Turn::new(Arc::clone(self), owner));
        }
    }
}

impl Turn {
    fn new(turnstile: Arc<Turnstile>, owner: Owner) -> Self {
        Self { turnstile, owner, since: Instant::now() }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turnstile.leave(&self.owner, self.since.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::Poll;

    use super::*;
    use crate::model::{Namespace, PluginName};

    fn owner(name: &str) -> Owner {
        Owner::Plugin(Namespace::default(), PluginName::new(name).expect("a name"))
    }

    async fn is_pending(future: &mut (impl Future + Unpin)) -> bool {
        std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_pending())).await
    }

    #[tokio::test]
    async fn a_turn_goes_to_the_next_when_it_is_dropped() {
        let turnstile = Turnstile::new(1);
        let first = turnstile.turn(&owner("a")).await;
        let (theirs, of_b) = (turnstile.clone(), owner("b"));
        let waiting = tokio::spawn(async move { theirs.turn(&of_b).await });
        while !turnstile.is_wanted() {
            tokio::task::yield_now().await;
        }
        assert!(turnstile.try_turn(&owner("c")).is_none());
        drop(first);
        let second = waiting.await.expect("a turn");
        assert!(!turnstile.is_wanted());
        drop(second);
        assert!(turnstile.try_turn(&owner("c")).is_some());
    }

    #[tokio::test]
    async fn a_guest_that_stops_waiting_keeps_no_turn() {
        let turnstile = Turnstile::new(1);
        let first = turnstile.turn(&owner("a")).await;
        let of_b = owner("b");
        let mut waiting = Box::pin(turnstile.turn(&of_b));
        assert!(is_pending(&mut waiting).await);
        drop(first);
        // The turn is on its way to it.
        drop(waiting);
        assert!(turnstile.try_turn(&owner("c")).is_some());
        let held = turnstile.turn(&owner("a")).await;
        let mut waiting = Box::pin(turnstile.turn(&of_b));
        assert!(is_pending(&mut waiting).await);
        drop(waiting);
        drop(held);
        assert!(turnstile.try_turn(&owner("c")).is_some());
    }
}
