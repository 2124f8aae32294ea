//! Counts what an instance holds in memory, over all its memories and tables.

use std::sync::Arc;

use async_trait::async_trait;
use wasmtime::ResourceLimiterAsync;

use super::budget::Claim;
use super::link::Link;
use super::{Line, Usage};
use crate::limits;

const TABLE_ELEMENT_BYTES: usize = size_of::<usize>();

/// The total of one instance and its limit, and its claim on the memory of all.
pub(super) struct Meter {
    held: usize,
    max: usize,
    /// The setting that the limit comes from.
    setting: &'static str,
    refused: Option<usize>,
    /// The rest of the image that all instances of the plugin share.
    image: usize,
    claim: Claim,
    link: Arc<Link>,
    has_told: bool,
}

impl Meter {
    /// `image`: at most this much of the memory that the instance begins with comes from its component.
    pub(super) fn new(max: usize, image: usize, claim: Claim, link: Arc<Link>) -> Self {
        let total = claim.budget().total();
        let setting = if total < max { "the host's setting `memory_total`" } else { "the plugin's setting `memory`" };
        Self { held: 0, max: max.min(total), setting, refused: None, image, claim, link, has_told: false }
    }

    pub(super) fn usage(&self) -> Usage {
        Usage { memory_bytes: self.held, memory_max_bytes: self.max }
    }

    /// The memory that the instance would have held, had it got what it was refused last.
    pub(super) fn refused(&self) -> Option<usize> {
        self.refused
    }

    /// The setting that raises the limit.
    pub(super) fn setting(&self) -> &'static str {
        self.setting
    }

    /// The guest has come through what it was refused: a later trap has another reason.
    pub(super) fn forgive(&mut self) {
        self.refused = None;
    }

    /// Takes the memory, waiting for it where other instances hold too much.
    async fn grow(&mut self, from: usize, to: usize) -> bool {
        let more = to.saturating_sub(from);
        let total = self.held.saturating_add(more);
        if total > self.max {
            self.refused = Some(total);
            return false;
        }
        self.claim(from, more).await;
        self.held = total;
        true
    }

    async fn claim(&mut self, from: usize, more: usize) {
        // The memory that an instance begins with is shared until it is written.
        let shared = if from == 0 { more.min(self.image) } else { 0 };
        self.image -= shared;
        let claimed = shared / limits::IMAGE_WRITTEN + (more - shared);
        if claimed == 0 || self.claim.try_grow(claimed) {
            return;
        }
        self.tell();
        let _queued = self.link.queued();
        self.claim.grow(claimed).await;
    }

    /// Says in the run's log why it does not go on, once for each instance.
    fn tell(&mut self) {
        if std::mem::replace(&mut self.has_told, true) {
            return;
        }
        let budget = self.claim.budget();
        let (held, total) = (budget.held() >> 20, budget.total() >> 20);
        let message = format!(
            "waits for memory: instances of all plugins hold {held} MiB; the host's setting `memory_total` is {total} MiB"
        );
        tracing::debug!("an instance {message}");
        self.link.log(Line { level: "warn", message, fields: None });
    }
}

#[async_trait]
impl ResourceLimiterAsync for Meter {
    async fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(!is_over(desired, maximum) && self.grow(current, desired).await)
    }

    async fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let bytes = |elements: usize| elements.saturating_mul(TABLE_ELEMENT_BYTES);
        Ok(!is_over(desired, maximum) && self.grow(bytes(current), bytes(desired)).await)
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
    use std::time::Duration;

    use super::*;
    use crate::sandbox::Owner;
    use crate::sandbox::budget::Budget;
    use crate::sandbox::tests::host::Player;

    fn meter(max: usize, image: usize, budget: &Arc<Budget>) -> Meter {
        let link = Arc::new(Link::new(Box::new(Player::default()), Duration::from_secs(1)));
        Meter::new(max, image, budget.claim(Owner::Described), link)
    }

    #[tokio::test]
    async fn sums_memories_and_tables() {
        let mut meter = meter(1_000, 0, &Budget::new(1 << 20));
        assert!(meter.memory_growing(0, 400, None).await.expect("counts"));
        assert!(meter.memory_growing(0, 400, None).await.expect("counts"));
        assert!(!meter.table_growing(0, 100, None).await.expect("counts"));
        assert_eq!((meter.usage().memory_bytes, meter.refused()), (800, Some(1_600)));
        assert!(meter.memory_growing(400, 600, None).await.expect("counts"));
    }

    #[tokio::test]
    async fn of_a_shared_image_only_a_part_counts_for_all() {
        let budget = Budget::new(1 << 20);
        let mut meter = meter(10_000, 4_000, &budget);
        assert!(meter.memory_growing(0, 5_000, None).await.expect("counts"));
        assert_eq!((meter.usage().memory_bytes, budget.held()), (5_000, 4_000 / limits::IMAGE_WRITTEN + 1_000));
        assert!(meter.memory_growing(5_000, 6_000, None).await.expect("counts"));
        assert_eq!(budget.held(), 4_000 / limits::IMAGE_WRITTEN + 2_000);
        drop(meter);
        assert_eq!(budget.held(), 0);
    }

    #[tokio::test]
    async fn what_can_never_fit_is_refused() {
        let mut meter = meter(10_000, 0, &Budget::new(1_000));
        assert!(!meter.memory_growing(0, 2_000, None).await.expect("counts"));
        assert_eq!((meter.refused(), meter.usage().memory_max_bytes), (Some(2_000), 1_000));
        assert!(meter.setting().contains("memory_total"));
    }
}
