//! The contract as wasmtime binds it; nothing outside this room sees these types.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin",
    ownership: Borrowing { duplicate_if_necessary: true },
    imports: {
        "stepwell:plugin/steps.failed-step": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});

/// The contract's types under its own names. Where a type goes both ways the generator makes two: one that owns its
/// parts, and one that borrows them (`…Param`), for what the host passes in.
pub(super) mod wit {
    pub(in crate::sandbox) use super::exports::stepwell::plugin::functions::Definition;
    pub(in crate::sandbox) use super::stepwell::plugin::log::{self, Level};
    pub(in crate::sandbox) use super::stepwell::plugin::steps::{self, Control, Decision, Found, Resolved};
    pub(in crate::sandbox) use super::stepwell::plugin::types::{
        self, CauseParam, CauseResult as Cause, FailureKind, FailureParam, FailureResult as Failure, OperationKeyParam,
        OperationKeyResult as OperationKey, Outcome, RetryAdvice, RunContext,
    };
}
