//! The one loop for plans that a swap overtakes.

use tokio::sync::watch;

/// Runs `attempt` until no swap overtakes it. `changes` is the snapshot's generation; `overtaken_by` reads from
/// an error which generation the store has already.
pub async fn planned<T, E, Attempt>(
    mut changes: watch::Receiver<u64>,
    overtaken_by: impl Fn(&E) -> Option<u64>,
    attempt: impl Fn() -> Attempt,
) -> Result<T, E>
where
    Attempt: Future<Output = Result<T, E>>,
{
    loop {
        let result = attempt().await;
        let Some(generation) = result.as_ref().err().and_then(&overtaken_by) else { return result };
        // The swap that made it is about to end. Without a registry there is nothing to wait for.
        if changes.wait_for(|current| *current >= generation).await.is_err() {
            return result;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn an_overtaken_plan_is_made_again_once_the_swap_has_ended() {
        let generation = watch::Sender::new(1);
        let attempts = Cell::new(0);
        let attempt = async || {
            attempts.set(attempts.get() + 1);
            if *generation.borrow() < 2 { Err(2) } else { Ok("planned") }
        };
        let swap = async {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            generation.send_replace(2);
        };
        let (result, ()) = tokio::join!(planned(generation.subscribe(), |error| Some(*error), attempt), swap);
        assert_eq!((result, attempts.get()), (Ok("planned"), 2));
    }

    #[tokio::test]
    async fn other_errors_are_not_tried_again() {
        let generation = watch::Sender::new(1);
        let refused = planned(generation.subscribe(), |_| None, async || Err::<(), _>("refused")).await;
        assert_eq!(refused, Err("refused"));
        let changes = generation.subscribe();
        drop(generation);
        assert_eq!(planned(changes, |_| Some(2), async || Err::<(), _>("stale")).await, Err("stale"));
    }
}
