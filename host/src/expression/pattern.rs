//! Regular expressions: RE2's syntax, in which `\d` and its like are ASCII's, and its bounds.

use regex_lite::{Regex, RegexBuilder};

use super::steps::{Exhausted, Steps};
use crate::limits;

/// A pattern of up to this size takes a step for each byte.
const STEP_BYTES: usize = 1 << 10;

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    regex: Regex,
    /// All of the pattern may have to be looked at for each byte of a text.
    steps_per_byte: usize,
}

impl Pattern {
    pub fn compile(text: &str) -> Result<Self, String> {
        let mut size = STEP_BYTES;
        loop {
            match RegexBuilder::new(text).size_limit(size).build() {
                Ok(regex) => return Ok(Self { regex, steps_per_byte: size / STEP_BYTES }),
                // How large a pattern is can only be asked in this way.
                Err(_) if size < limits::EXPRESSION_PATTERN_MAX_BYTES => size *= 2,
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Whether any part of the text matches.
    pub fn is_in(&self, text: &str, steps: &mut Steps) -> Result<bool, Exhausted> {
        steps.spend(text.len().saturating_mul(self.steps_per_byte))?;
        Ok(self.regex.is_match(text))
    }
}
