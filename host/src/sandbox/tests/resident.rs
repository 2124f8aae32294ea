//! Memory that is written in many places is reset in place, and the next guest finds nothing of it.

use super::guest::Guest;
use super::host::Player;
use super::{enter, load};
use crate::model::Json;
use crate::sandbox::{Exit, InstanceMemory, engine};

/// Writes each second page of a megabyte, and fails if one is not as it was.
const WRITES_SCATTERED: &str = r#"(local $at i32)
    (local.set $at (i32.const 131072))
    (loop $more
        (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 7))
            (then (return (call $failed (i32.const 2048) (i32.const 7)))))
        (i32.store8 (local.get $at) (i32.const 8))
        (local.set $at (i32.add (local.get $at) (i32.const 8192)))
        (br_if $more (i32.lt_u (local.get $at) (i32.const 1179648))))
    (call $completed (i32.const 2056) (i32.const 1))"#;
const PAGES_WRITTEN: usize = (1_179_648 - 131_072) / 8_192;

/// The engine resets 32 runs of pages by itself.
const RESET_ANYWAY: u64 = 32;

#[tokio::test]
async fn what_is_written_here_and_there_is_reset_in_place() {
    if !engine::resets_in_place(InstanceMemory::Reset) {
        return;
    }
    let sevens: String =
        (0..PAGES_WRITTEN).map(|page| format!(r#"(data (i32.const {}) "\07")"#, 131_072 + page * 8_192)).collect();
    let more = format!(r#"(data (i32.const 2048) "changed 1") {sevens}"#);
    let plugin = load(Guest { run: WRITES_SCATTERED, more: &more, pages: 20, ..Guest::default() }.build()).await;
    let mut in_a_row = 0;
    for _ in 0..1_000_000 {
        let before = page_faults();
        assert_eq!(enter(&plugin, &Player::default()).await, Exit::Completed(Json::trusted("1")));
        in_a_row = if page_faults() - before < PAGES_WRITTEN as u64 - RESET_ANYWAY { in_a_row + 1 } else { 0 };
        if in_a_row == 10 {
            return;
        }
    }
    panic!("each guest copies pages anew");
}

/// Of this thread, so far; the guest runs in it.
fn page_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("Linux");
    let (_, behind_name) = stat.rsplit_once(") ").expect("a name in parentheses");
    behind_name.split(' ').nth(7).and_then(|faults| faults.parse().ok()).expect("a number of minor faults")
}
