//! The functions of all scenarios, in one plugin, `app`.
//!
//! Each `tests/scenarios/<name>/function.rs` defines `pub fn functions() -> Vec<stepwell::Function>`; ids and event
//! names begin with the scenario's vector, so that they are told apart.

include!(concat!(env!("OUT_DIR"), "/modules.rs"));

stepwell::plugin!(functions);
