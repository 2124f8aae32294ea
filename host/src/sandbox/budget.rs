//! Bounds the memory of all instances together: what would exceed it waits until others have ended.

mod ledger;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::oneshot;

use self::ledger::Ledger;
use super::Owner;

/// The total, and who holds how much of it.
#[derive(Debug)]
pub(super) struct Budget {
    total: usize,
    ledger: Mutex<Ledger<Owner, oneshot::Sender<()>>>,
    claims: AtomicU64,
}

/// An instance's share of it. Dropping it gives the share back.
#[derive(Debug)]
pub(super) struct Claim {
    budget: Arc<Budget>,
    owner: Owner,
    id: u64,
}

impl Budget {
    pub(super) fn new(total: usize) -> Arc<Self> {
        Arc::new(Self { total, ledger: Mutex::new(Ledger::new(total)), claims: AtomicU64::new(0) })
    }

    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// The memory that all instances hold.
    pub(super) fn held(&self) -> usize {
        self.ledger().held()
    }

    pub(super) fn claim(self: &Arc<Self>, owner: Owner) -> Claim {
        let id = self.claims.fetch_add(1, Ordering::Relaxed);
        Claim { budget: Arc::clone(self), owner, id }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger<Owner, oneshot::Sender<()>>> {
        self.ledger.lock().expect("no panic while held")
    }
}

impl Claim {
    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Takes so many bytes more if they are free.
    pub(super) fn try_grow(&self, more: usize) -> bool {
        self.budget.ledger().take(self.id, &self.owner, more)
    }

    /// Waits for so many bytes more.
    pub(super) async fn grow(&self, more: usize) {
        let granted = {
            let (sender, granted) = oneshot::channel();
            let mut ledger = self.budget.ledger();
            ledger.wait(self.id, &self.owner, more, sender);
            grant(&mut ledger);
            granted
        };
        let waiting = Waiting(self);
        // The sender is dropped with the entry in line only when this future is.
        let _ = granted.await;
        drop(waiting);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut ledger = self.budget.ledger();
        ledger.leave(self.id);
        grant(&mut ledger);
    }
}

/// Leaves the line, also when the wait is given up.
struct Waiting<'a>(&'a Claim);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.budget.ledger().give_up(self.0.id);
    }
}

fn grant(ledger: &mut Ledger<Owner, oneshot::Sender<()>>) {
    while let Some(granted) = ledger.serve() {
        // A wait that was given up in this instant keeps the memory until its instance is gone, which is now.
        let _ = granted.send(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_exceeds_the_total_waits_for_an_end() {
        let budget = Budget::new(800);
        let (first, second) = (budget.claim(Owner::Described), Arc::new(budget.claim(Owner::Described)));
        assert!(first.try_grow(600));
        assert!(!second.try_grow(300));
        let theirs = second.clone();
        let waiting = tokio::spawn(async move { theirs.grow(300).await });
        while budget.ledger().waiting() == 0 {
            tokio::task::yield_now().await;
        }
        drop(first);
        waiting.await.expect("granted");
        assert_eq!(budget.held(), 300);
        drop(second);
        assert_eq!(budget.held(), 0);
    }
}
