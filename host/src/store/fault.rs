//! Numbered places where a crash test has the host kill itself.

/// Every place. A debug build that is started with `STEPWELL_FAULT=<name>:<nth>` kills itself with SIGKILL when it
/// comes by that place for the n-th time (from 1).
pub const POINTS: &[&str] = &[
    "publish.before_commit",
    "publish.after_commit",
    "append.before_commit",
    "append.after_commit",
    "flush.before_commit",
    "flush.after_commit",
    "settle.before_commit",
    "settle.after_commit",
    "activate.before_commit",
    "activate.after_commit",
    "act.before_commit",
    "act.after_commit",
    "cancel.before_commit",
    "cancel.after_commit",
    "cancel_some.before_commit",
    "cancel_some.after_commit",
    "note_retries.before_commit",
    "note_retries.after_commit",
    "lease.before",
    "lease.after",
    "recovery.before_commit",
    "recovery.after_commit",
    "execute.begin",
];

#[cfg(not(debug_assertions))]
pub fn point(_name: &'static str) {}

/// Kills this process if it is the wanted one.
#[cfg(debug_assertions)]
pub fn point(name: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: OnceLock<Option<(String, AtomicU32)>> = OnceLock::new();
    debug_assert!(POINTS.contains(&name), "{name} is not listed");
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("STEPWELL_FAULT").ok()?;
        let (name, nth) = text.rsplit_once(':')?;
        Some((name.to_owned(), AtomicU32::new(nth.parse().ok()?)))
    });
    let Some((wanted, left)) = wanted else { return };
    if wanted == name && left.fetch_sub(1, Ordering::Relaxed) == 1 {
        // Nothing is left to run behind it: a crash is to be tested, not a shutdown.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::thread::sleep(std::time::Duration::from_secs(60));
    }
}
