//! Flow control of runs: places among those that execute at once, and the pace of starts.
//!
//! Pure: the store calls it inside its own locks and tells it what it has to remember for good.

mod gates;
mod pool;

pub use gates::{Admission, Candidate, Gates, Notes, Served};
