//! Stepwell: a durable-function host for WebAssembly components.
//!
//! Read the rooms in this order; `docs/architecture.md` says what each may know.

// The words, and every bound.
pub mod expression;
pub mod flow;
pub mod limits;
pub mod model;

// The memory, and the engine for guests.
pub mod sandbox;
pub mod store;

// From an event to a run's end.
pub mod executor;
pub mod registry;
pub mod router;
pub mod scheduler;

// The edges.
pub mod api;
pub mod cli;
pub mod config;
pub mod server;
pub mod telemetry;
