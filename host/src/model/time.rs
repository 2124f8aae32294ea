//! Time, passed in: nothing else in the house asks the system for it.

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// Milliseconds since 1970.
pub type Millis = u64;

/// Where the host takes the time from. Tests bring one that stands still until they move it.
pub trait Clock: Send + Sync + fmt::Debug {
    fn now(&self) -> Millis;

    /// Ends when `now()` has reached `at`.
    fn sleep_until(&self, at: Millis) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        since.as_millis() as Millis
    }

    fn sleep_until(&self, at: Millis) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            // In slices, so that a clock that is set forward is noticed.
            while let Some(left) = at.checked_sub(self.now()).filter(|left| *left > 0) {
                tokio::time::sleep(Duration::from_millis(left.min(1_000))).await;
            }
        })
    }
}
