//! Test doubles of steps and other operations: results, faults, crashes.

use super::panics::Interrupt;
use crate::bindings::stepwell::plugin::types::{Failure, OperationKey};
use crate::error::{Error, Result};
use crate::output;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The call of a mock.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Asked {
    /// The operation's id.
    pub id: String,
    /// Which use of that id this is, counted from 0.
    pub n: u32,
    /// The attempt (0-based).
    pub attempt: u32,
    /// The operation's options: of a fetch `method`, `url`, `headers` and `body`; of an invocation
    /// `function` and `data`; of a wait `event` and `timeout_ms`.
    pub options: Value,
}

pub(super) type Mock = Box<dyn FnMut(&Asked) -> Result<String>>;

#[derive(Default)]
pub(super) struct Doubles {
    mocks: BTreeMap<String, Mock>,
    faults: Vec<Fault>,
    /// How many more times the instance is lost behind a step of that id.
    pub(super) crashes: BTreeMap<String, u32>,
}

pub(super) struct Fault {
    id: String,
    failure: Failure,
    /// `None`: as often as it is attempted.
    pub(super) left: Option<u32>,
}

impl Doubles {
    pub(super) fn mock(&mut self, id: String, mock: Mock) {
        self.mocks.insert(id, mock);
    }

    /// Returns the fault's place among all.
    pub(super) fn fail(&mut self, id: String, error: Error) -> usize {
        self.faults.push(Fault { id, failure: error.of_step(), left: None });
        self.faults.len() - 1
    }

    pub(super) fn fault(&mut self, at: usize) -> &mut Fault {
        &mut self.faults[at]
    }

    /// Whether something stands in the place of the operation.
    pub(super) fn has(&self, id: &str) -> bool {
        self.mocks.contains_key(id) || self.faults.iter().any(|fault| fault.strikes(id))
    }

    /// The result of an attempt, if the test gives one. An error that is an interrupt ends the test.
    pub(super) fn attempt(&mut self, asked: &Asked) -> Result<Result<String, Failure>, Interrupt> {
        if let Some(fault) = self.faults.iter_mut().find(|fault| fault.strikes(&asked.id)) {
            fault.left = fault.left.map(|left| left - 1);
            return Ok(Err(fault.failure.clone()));
        }
        let Some(mock) = self.mocks.get_mut(&asked.id) else { return Ok(Ok("null".to_owned())) };
        match catch_unwind(AssertUnwindSafe(|| mock(asked))) {
            Ok(answer) => Ok(answer.map_err(Error::of_step)),
            Err(payload) => Err(Interrupt::OfTest(payload)),
        }
    }

    /// Whether the instance is lost behind this step.
    pub(super) fn crashes(&mut self, key: &OperationKey) -> bool {
        let left = self.crashes.get_mut(&key.id).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }
}

impl Fault {
    fn strikes(&self, id: &str) -> bool {
        self.id == id && self.left != Some(0)
    }
}

/// A value as a mock.
pub(super) fn value(value: &impl Serialize) -> Mock {
    let json = output::write(value, "mock's value").unwrap_or_else(|error| panic!("{error}"));
    Box::new(move |_| Ok(json.clone()))
}

/// A closure as a mock.
pub(super) fn closure<T: Serialize>(mut closure: impl FnMut(&Asked) -> Result<T> + 'static) -> Mock {
    Box::new(move |asked| output::write(&closure(asked)?, "mock's value"))
}

/// The response that a fetch comes to: `host.mock("ask", respond(429).header("retry-after", "30"))`.
pub fn respond(status: u16) -> Reply {
    Reply { status, headers: BTreeMap::new(), body: String::new() }
}

/// A response, see [`respond`].
#[derive(Debug, Clone, Serialize)]
#[must_use]
pub struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Reply {
    /// With this header.
    pub fn header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.headers.insert(name.as_ref().to_ascii_lowercase(), value.into());
        self
    }

    /// With this body.
    pub fn text(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// With a body that is this value as JSON.
    ///
    /// # Panics
    /// If the value cannot be JSON.
    pub fn json(self, body: &impl Serialize) -> Self {
        let body = output::write(body, "response's body").unwrap_or_else(|error| panic!("{error}"));
        self.header("content-type", "application/json").text(body)
    }
}
