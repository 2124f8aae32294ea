//! Collects `tests/scenarios/*/function.rs`.

mod collect;

fn main() -> std::io::Result<()> {
    collect::collect("../../scenarios", "function.rs")
}
