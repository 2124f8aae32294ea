//! `wasi:cli/environment` and `exit`: the granted variables, no arguments, no way out but a trap.

use wasmtime::Result;
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::cli::{environment, exit};

use crate::sandbox::instance::State;

impl environment::Host for State {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        Ok(self.grants.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    fn get_arguments(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

impl exit::Host for State {
    fn exit(&mut self, status: Result<(), ()>) -> Result<()> {
        Err(I32Exit(i32::from(status.is_err())).into())
    }

    fn exit_with_code(&mut self, code: u8) -> Result<()> {
        Err(I32Exit(code.into()).into())
    }
}
