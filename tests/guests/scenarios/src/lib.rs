//! The functions of all scenarios, in one plugin.
//!
//! Each `tests/scenarios/<name>/function.rs` defines `pub fn functions() -> Vec<stepwell::Function>`; ids and event
//! names begin with the scenario's name, so that they are told apart.

include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

stepwell::plugin!(functions);
