//! Stepwell: a durable-function host for WebAssembly components.

pub mod config;
pub mod expression;
pub mod limits;
pub mod model;
pub mod sandbox;
pub mod store;
