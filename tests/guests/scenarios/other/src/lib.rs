//! The second component of those scenarios that need one: another plugin beside `app`, or the next version of `app`.
//!
//! Each `tests/scenarios/<name>/other.rs` is as `function.rs` is.

include!(concat!(env!("OUT_DIR"), "/modules.rs"));

stepwell::plugin!(functions);
