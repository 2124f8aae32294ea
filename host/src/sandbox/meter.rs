//! Counts what an instance holds in memory, over all its memories and tables.

use wasmtime::ResourceLimiter;

use super::Usage;
use crate::limits;

const TABLE_ELEMENT_BYTES: usize = size_of::<usize>();

/// The total and its limit.
#[derive(Debug)]
pub(super) struct Meter {
    held: usize,
    max: usize,
    refused: Option<usize>,
}

impl Meter {
    pub(super) fn new(max: usize) -> Self {
        Self { held: 0, max, refused: None }
    }

    pub(super) fn usage(&self) -> Usage {
        Usage { memory_bytes: self.held, memory_max_bytes: self.max }
    }

    /// What the instance would have held, had it got what it was refused last.
    pub(super) fn refused(&self) -> Option<usize> {
        self.refused
    }

    /// The guest has come through what it was refused: a later trap has another reason.
    pub(super) fn forgive(&mut self) {
        self.refused = None;
    }

    fn grow(&mut self, from: usize, to: usize) -> bool {
        let total = self.held.saturating_add(to.saturating_sub(from));
        if total > self.max {
            self.refused = Some(total);
            return false;
        }
        self.held = total;
        true
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(!is_over(desired, maximum) && self.grow(current, desired))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let bytes = |elements: usize| elements.saturating_mul(TABLE_ELEMENT_BYTES);
        Ok(!is_over(desired, maximum) && self.grow(bytes(current), bytes(desired)))
    }

    fn instances(&self) -> usize {
        usize::try_from(limits::COMPONENT_INSTANCES_MAX).unwrap_or(usize::MAX)
    }

    fn memories(&self) -> usize {
        limits::INSTANCE_MEMORIES_MAX
    }

    fn tables(&self) -> usize {
        limits::INSTANCE_TABLES_MAX
    }
}

/// Beyond the maximum that the guest has set itself.
fn is_over(desired: usize, maximum: Option<usize>) -> bool {
    maximum.is_some_and(|maximum| desired > maximum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_memories_and_tables() {
        let mut meter = Meter::new(1_000);
        assert!(meter.memory_growing(0, 400, None).expect("counts"));
        assert!(meter.memory_growing(0, 400, None).expect("counts"));
        assert!(!meter.table_growing(0, 100, None).expect("counts"));
        assert_eq!((meter.usage().memory_bytes, meter.refused()), (800, Some(1_600)));
        assert!(meter.memory_growing(400, 600, None).expect("counts"));
    }
}
