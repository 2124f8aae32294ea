//! `wasi:random`: the run's own generator outside a step, the system's inside.

use wasmtime::{Result, bail};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

use crate::limits;
use crate::sandbox::instance::State;

impl State {
    fn random_bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        if count > limits::RANDOM_MAX_BYTES {
            bail!("{count} random bytes were asked for, the limit of one call is {}", limits::RANDOM_MAX_BYTES);
        }
        let mut bytes = vec![0; count as usize];
        self.moment.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn random_number(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.moment.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        self.random_bytes(count)
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        self.random_number()
    }
}

impl insecure::Host for State {
    fn get_insecure_random_bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        self.random_bytes(count)
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        self.random_number()
    }
}

impl insecure_seed::Host for State {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok(self.moment.hash_seed())
    }
}
