//! A clock that stands still until a test moves it.

use std::pin::Pin;

use stepwell::model::{Clock, Millis};
use tokio::sync::watch;

/// Where the virtual time begins: 1 January 2026.
pub const START: Millis = 1_767_225_600_000;

#[derive(Debug)]
pub struct VirtualClock(watch::Sender<Millis>);

impl VirtualClock {
    pub fn new() -> Self {
        Self::at(START)
    }

    pub fn at(now: Millis) -> Self {
        Self(watch::Sender::new(now))
    }

    /// Forward only.
    pub fn move_to(&self, at: Millis) {
        self.0.send_modify(|now| *now = at.max(*now));
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Millis {
        *self.0.borrow()
    }

    fn sleep_until(&self, at: Millis) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut receiver = self.0.subscribe();
        Box::pin(async move {
            receiver.wait_for(|now| *now >= at).await.expect("the clock outlives those who wait for it");
        })
    }
}
