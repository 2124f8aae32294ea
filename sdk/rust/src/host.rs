//! The door to the host: the imported functions, behind a trait so that the SDK's logic is tested without a host.

use crate::bindings::stepwell::plugin::{log, steps, types};

/// The host as the SDK sees it; each method is the function of the same name in the contract.
pub(crate) trait Host {
    fn plan(&self, found: &[steps::Found]) -> Vec<steps::Decision>;
    fn finish(&self, key: &types::OperationKey, value: Result<&str, &types::Failure>) -> steps::Control;
    fn next(&self) -> Option<steps::Resolved>;
    fn suspend(&self) -> !;
    fn failed_step(&self, key: &types::OperationKey) -> Option<Result<String, types::Failure>>;
    fn step_input(&self, key: &types::OperationKey) -> Option<String>;
    fn write_log(&self, level: log::Level, message: &str, fields: &str);
}

/// The host that runs this component.
pub(crate) struct Imports;

impl Host for Imports {
    fn plan(&self, found: &[steps::Found]) -> Vec<steps::Decision> {
        steps::plan(found)
    }

    fn finish(&self, key: &types::OperationKey, value: Result<&str, &types::Failure>) -> steps::Control {
        steps::finish(key, value)
    }

    fn next(&self) -> Option<steps::Resolved> {
        steps::next()
    }

    fn suspend(&self) -> ! {
        steps::suspend();
        unreachable!("`suspend` ends the instance")
    }

    fn failed_step(&self, key: &types::OperationKey) -> Option<Result<String, types::Failure>> {
        steps::failed_step(key)
    }

    fn step_input(&self, key: &types::OperationKey) -> Option<String> {
        steps::step_input(key)
    }

    fn write_log(&self, level: log::Level, message: &str, fields: &str) {
        log::write(level, message, fields);
    }
}
