//! Collects `tests/scenarios/*/other.rs`.

#[path = "../collect.rs"]
mod collect;

fn main() -> std::io::Result<()> {
    collect::collect("../../../scenarios", "other.rs")
}
