//! Connections to the hosts that a plugin may talk to, kept open between requests.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use hyper::client::conn::http1::SendRequest;
use wasmtime_wasi_http::WasiBody;

use super::grant::Target;
use crate::limits;
use crate::sandbox::Reach;

const IDLE: Duration = Duration::from_millis(limits::CONNECTION_IDLE_MS);

pub(super) type Sender = SendRequest<WasiBody>;

/// A plugin's idle connections. No other plugin's requests go through them, so that none can spoil another's.
#[derive(Default)]
pub struct Connections {
    idle: Arc<Mutex<Idle>>,
}

type Idle = HashMap<Way, Vec<Kept>>;

/// Which requests a connection may serve. Its address was checked for this reach.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Way {
    pub(super) target: Target,
    pub(super) reach: Reach,
}

struct Kept {
    sender: Sender,
    since: Instant,
}

impl Kept {
    fn is_fresh(&self) -> bool {
        self.since.elapsed() < IDLE && self.sender.is_ready()
    }
}

impl Connections {
    /// Takes out the connection that was used last.
    pub(super) fn take(&self, way: &Way) -> Option<Sender> {
        let mut idle = lock(&self.idle);
        let kept = idle.get_mut(way)?;
        while let Some(last) = kept.pop() {
            if last.is_fresh() {
                return Some(last.sender);
            }
        }
        idle.remove(way);
        None
    }

    /// Keeps a connection as soon as its response has been read, until it has been idle for too long.
    pub(super) fn keep(&self, way: Way, mut sender: Sender) {
        let idle = Arc::downgrade(&self.idle);
        tokio::spawn(async move {
            let Ok(()) = sender.ready().await else { return };
            match idle.upgrade() {
                Some(idle) => put(&mut lock(&idle), way, sender),
                None => return,
            }
            tokio::time::sleep(IDLE).await;
            if let Some(idle) = idle.upgrade() {
                sweep(&mut lock(&idle));
            }
        });
    }
}

#[cfg(test)]
impl Connections {
    /// Waits until a connection is idle.
    pub(super) async fn settled(&self) {
        while lock(&self.idle).is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

fn put(idle: &mut Idle, way: Way, sender: Sender) {
    let total: usize = idle.values().map(Vec::len).sum();
    if total < limits::CONNECTIONS_IDLE_MAX {
        idle.entry(way).or_default().push(Kept { sender, since: Instant::now() });
    }
}

/// Closes those that no request will take any more.
fn sweep(idle: &mut Idle) {
    idle.retain(|_, kept| {
        kept.retain(Kept::is_fresh);
        !kept.is_empty()
    });
}

fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().expect("nothing panics while it is held")
}

/// Connections are no part of what is granted: equal grants may have different ones, and a copy has none.
impl Clone for Connections {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Connections {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}
