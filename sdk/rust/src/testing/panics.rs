//! Panics of functions, caught: what they said and where, as the host tells of a trap.

use crate::bindings::stepwell::plugin::types::{Failure, FailureKind, RetryAdvice};
use crate::error::Error;
use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Of this thread's last panic.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// How a call ended that did not return.
pub(super) enum Thrown {
    /// The host ended the instance.
    Interrupt(Interrupt),
    /// The function's own code has panicked.
    Panic(Failure),
}

/// By this the host leaves a function in the midst of its code.
pub(super) enum Interrupt {
    /// The code waits, in the blocking style.
    Suspended,
    /// The instance is lost, as in a crash of its host.
    Lost,
    /// The code asks for something that cannot be.
    Refused(Box<Failure>),
    /// The test's own code has panicked, in a mock: the test is to end by that.
    OfTest(Box<dyn Any + Send>),
}

/// Calls a function's code.
pub(super) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Thrown> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |panic| {
            note_place(panic);
            previous(panic);
        }));
    });
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| match payload.downcast::<Interrupt>() {
        Ok(interrupt) => Thrown::Interrupt(*interrupt),
        Err(payload) => Thrown::Panic(trap(&*payload)),
    })
}

fn note_place(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, |place| format!(" ({place})"));
    PLACE.with_borrow_mut(|noted| *noted = place);
}

fn trap(payload: &(dyn Any + Send)) -> Failure {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    let message = text.unwrap_or_else(|| "a panic without a message".to_owned());
    let message = format!("{message}{}", PLACE.with_borrow(String::clone));
    Failure { kind: FailureKind::Trap, advice: RetryAdvice::ByPolicy, ..Error::own("Panic", message).of_body() }
}
