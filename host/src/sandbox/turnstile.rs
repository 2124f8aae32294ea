//! Lets few guests compute at once, and shares that fairly between plugins.

mod lines;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use self::lines::Lines;
pub(super) use self::lines::Place;
use super::Owner;

type Queue = Lines<Owner, oneshot::Sender<Turn>>;

/// The place that every guest passes before it computes.
#[derive(Debug)]
pub(super) struct Turnstile {
    lines: Mutex<Queue>,
    is_wanted: AtomicBool,
}

/// The right to compute. Dropping it gives it to the next in line.
#[derive(Debug)]
pub(super) struct Turn {
    turnstile: Arc<Turnstile>,
    owner: Owner,
    since: Instant,
    /// Somebody else has it already.
    is_over: bool,
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
    pub(super) async fn turn(self: &Arc<Self>, owner: &Owner, place: Place) -> Turn {
        loop {
            let coming = {
                let mut lines = self.lines();
                if lines.take(owner) {
                    drop(lines);
                    return Turn::new(Arc::clone(self), owner.clone());
                }
                self.stand(&mut lines, owner, place)
            };
            if let Ok(turn) = coming.await {
                return turn;
            }
        }
    }

    /// Gives the turn to the next in line, which may be the same guest, and waits for another.
    pub(super) async fn next_turn(self: &Arc<Self>, mut turn: Turn, place: Place) -> Turn {
        let owner = turn.owner.clone();
        let coming = {
            let mut lines = self.lines();
            let coming = self.stand(&mut lines, &owner, place);
            turn.is_over = true;
            self.leave(lines, &owner, turn.since.elapsed());
            coming
        };
        match coming.await {
            Ok(turn) => turn,
            Err(_) => self.turn(&owner, place).await,
        }
    }

    fn stand(&self, lines: &mut Queue, owner: &Owner, place: Place) -> oneshot::Receiver<Turn> {
        let (sender, coming) = oneshot::channel();
        lines.wait(owner, place, sender);
        self.is_wanted.store(true, Ordering::Relaxed);
        coming
    }

    /// Whether a guest waits for a turn. May lag behind for an instant.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
    }

    fn lines(&self) -> MutexGuard<'_, Queue> {
        self.lines.lock().expect("no panic while held")
    }

    fn leave(self: &Arc<Self>, mut lines: MutexGuard<'_, Queue>, owner: &Owner, ran: Duration) {
        lines.leave(owner, ran);
        let next = lines.serve(|waiting| !waiting.is_closed());
        self.is_wanted.store(lines.has_waiting(), Ordering::Relaxed);
        drop(lines);
        if let Some((owner, waiting)) = next {
            // A guest that has just stopped waiting sends the turn back, and its drop passes it on.
            let _ = waiting.send(Turn::new(Arc::clone(self), owner));
        }
    }
}

impl Turn {
    fn new(turnstile: Arc<Turnstile>, owner: Owner) -> Self {
        Self { turnstile, owner, since: Instant::now(), is_over: false }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_over {
            self.turnstile.leave(self.turnstile.lines(), &self.owner, self.since.elapsed());
        }
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
        let first = turnstile.turn(&owner("a"), Place::Other).await;
        let (theirs, of_b) = (turnstile.clone(), owner("b"));
        let waiting = tokio::spawn(async move { theirs.turn(&of_b, Place::Other).await });
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
    async fn a_turn_that_is_passed_on_comes_back_if_nobody_goes_before() {
        let turnstile = Turnstile::new(1);
        let first = turnstile.turn(&owner("a"), Place::Other).await;
        let of_a = owner("a");
        let mut waiting = Box::pin(turnstile.turn(&of_a, Place::Other));
        assert!(is_pending(&mut waiting).await);
        let first = turnstile.next_turn(first, Place::Begun).await;
        assert!(is_pending(&mut waiting).await);
        let mut again = Box::pin(turnstile.next_turn(first, Place::Other));
        assert!(is_pending(&mut again).await && !is_pending(&mut waiting).await);
    }

    #[tokio::test]
    async fn a_guest_that_stops_waiting_keeps_no_turn() {
        let turnstile = Turnstile::new(1);
        let first = turnstile.turn(&owner("a"), Place::Other).await;
        let of_b = owner("b");
        let mut waiting = Box::pin(turnstile.turn(&of_b, Place::Other));
        assert!(is_pending(&mut waiting).await);
        drop(first);
        // The turn is on its way to it.
        drop(waiting);
        assert!(turnstile.try_turn(&owner("c")).is_some());
        let held = turnstile.turn(&owner("a"), Place::Other).await;
        let mut waiting = Box::pin(turnstile.turn(&of_b, Place::Other));
        assert!(is_pending(&mut waiting).await);
        drop(waiting);
        drop(held);
        assert!(turnstile.try_turn(&owner("c")).is_some());
    }
}
