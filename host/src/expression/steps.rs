//! The budget of an evaluation: whatever takes time or memory in proportion to an event has to pay for it.

use crate::limits;

/// Steps that are left.
#[derive(Debug)]
pub struct Steps(usize);

/// The budget is used up.
#[derive(Debug, Clone, Copy)]
pub struct Exhausted;

impl Steps {
    pub fn all() -> Self {
        Self(limits::EXPRESSION_STEPS_MAX)
    }

    pub fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        self.0 = self.0.checked_sub(steps).ok_or(Exhausted)?;
        Ok(())
    }

    /// For looking through so many bytes of text, or copying them.
    pub fn spend_text(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.spend(bytes / limits::EXPRESSION_STEP_BYTES)
    }
}
