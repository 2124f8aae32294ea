//! The duties of every store: a suite that is run against each.

mod accepting;
mod cancelling;
mod ending;
mod leasing;
mod limiting;
mod outside;
mod plugins;
mod reading;
mod recovering;
mod repeating;
mod world;

use std::time::Duration;

use super::Store;
use world::World;

/// How long one scenario may take: what hangs is a failure too.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs every scenario; panics at the first that fails. `open` opens the store of that name, empty when the name is
/// new. A store that is dropped without having been closed is to come back as it would after a crash.
pub async fn exercise<S: Store>(open: impl AsyncFn(&str) -> S) {
    macro_rules! scenarios {
        ($($room:ident: $($scenario:ident),+;)+) => {
            $($(
                let name = concat!(stringify!($room), "-", stringify!($scenario));
                let world = World::new(name, &open).await;
                let outcome = tokio::time::timeout(PATIENCE, $room::$scenario(world)).await;
                assert!(outcome.is_ok(), "{name} did not end within {PATIENCE:?}");
            )+)+
        };
    }
    scenarios! {
        accepting: starts_the_planned_runs, takes_an_event_once, takes_a_senders_id_once_a_day, takes_all_or_nothing,
            refuses_a_stale_plan, takes_many_at_once, takes_a_seed_for_its_event, starts_runs_at_their_events_time,
            holds_any_number_of_later_runs, starts_no_more_than_a_limit;
        leasing: takes_turns, wakes_when_due, tells_of_what_is_ready, gives_back_what_is_released, keeps_the_journal,
            fences_who_has_lost_its_lease, holds_any_backlog, holds_any_number_of_sleepers;
        ending: tells_followers, ends_once, starts_what_the_end_starts, refuses_a_stale_end, keeps_what_a_handler_needs;
        limiting: lets_no_more_execute_than_there_are_places, gives_more_places_while_there_are_some, starts_at_a_pace,
            keeps_a_runs_place_to_its_end, lets_through_who_is_to_end, holds_any_number, locks_singletons, gathers_events,
            gathers_no_more_bytes_than_fit,
            debounces, pauses_functions;
        outside: wakes_who_has_mail, tells_who_executes,
            keeps_the_letters_of_a_refused_end, acts_once, answers_who_waits, waits_outlive_a_crash,
            cancels_by_events, tells_the_invoker, gives_a_signal_to_one;
        cancelling: ends_any_number, ends_those_that_are_meant, remembers_cancellations, stops_a_cancellation;
        plugins: makes_one_version_live, keeps_what_runs_need;
        reading: shows_runs, filters_runs, filters_events, keeps_namespaces_apart, keeps_each_log_line_once,
            bounds_a_runs_log;
        recovering: brings_back_what_is_open, keeps_what_was_flushed, counts_interruptions, remembers_its_plugins,
            outlives_a_raised_floor;
        repeating: does_a_run_over, does_no_more_over_than_a_limit, refuses_to_do_it_over,
            remembers_bulk_retries;
    }
}
