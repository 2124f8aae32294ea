//! The wasmtime engine: one configuration for the host and for the child that compiles.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use wasmtime::{
    CacheStore, Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails,
};

use super::{Error, InstanceMemory};
use crate::limits;

/// The room of each seat; a plugin that needs more takes several seats ([`seats_for`]).
const MEMORIES_PER_SEAT: u32 = 1;
const TABLES_PER_SEAT: u32 = 4;
const CORE_INSTANCES_PER_SEAT: u32 = 16;

/// The configuration that decides what compiled code looks like: the same in the host and in the compiler.
fn config() -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .gc_support(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .wasm_threads(false)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .cranelift_nan_canonicalization(true)
        .epoch_interruption(true)
        .memory_init_cow(true)
        .max_wasm_stack(limits::GUEST_STACK_BYTES)
        .async_stack_size(2 * limits::GUEST_STACK_BYTES)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable);
    config
}

/// An engine that only compiles: it reserves no address space, so that it lives under a limit.
/// The cache that the engine asks for functions before it compiles them.
pub(super) fn compiler(functions: Option<Arc<dyn CacheStore>>) -> Result<Engine, Error> {
    let engine = || {
        let mut config = config();
        if let Some(functions) = functions {
            config.enable_incremental_compilation(functions)?;
        }
        Engine::new(&config)
    };
    engine().map_err(|error| Error::Engine(format!("{error:#}")))
}

/// The engine that runs guests: from a pool, or on demand where the address space for one cannot be had.
pub(super) fn runner(seats: u32, memory: InstanceMemory) -> Result<Engine, Error> {
    let mut pooled = config();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(seats, memory)));
    Engine::new(&pooled).or_else(|error| {
        tracing::warn!(%error, "no pool of instances: each is made on demand, which is slower");
        compiler(None)
    })
}

fn pool(seats: u32, memory: InstanceMemory) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(seats)
        .total_core_instances(seats.saturating_mul(CORE_INSTANCES_PER_SEAT))
        .total_memories(seats.saturating_mul(MEMORIES_PER_SEAT))
        .total_tables(seats.saturating_mul(TABLES_PER_SEAT))
        .total_stacks(seats)
        .total_gc_heaps(0)
        .max_memories_per_module(limits::INSTANCE_MEMORIES_MAX as u32)
        .max_tables_per_module(limits::INSTANCE_TABLES_MAX as u32)
        .max_core_instance_size(limits::INSTANCE_STATE_MAX_BYTES)
        .max_component_instance_size(limits::INSTANCE_STATE_MAX_BYTES)
        .table_elements(limits::TABLE_ELEMENTS_MAX)
        // Tables are small and are reset by writing; giving their pages back would cost each guest system calls.
        .table_keep_resident(limits::RESIDENT_TABLE_BYTES);
    // With the page map the kernel says which pages a guest has touched, and only these are reset, in place: no page
    // faults for the next guest. Without it the whole range would be written, which is slower than giving it back.
    if resets_in_place(memory) {
        pool.pagemap_scan(Enabled::Yes).linear_memory_keep_resident(limits::RESIDENT_BYTES);
    }
    pool
}

/// Whether an instance's memory is reset in place for the next one, page by page.
pub(super) fn resets_in_place(memory: InstanceMemory) -> bool {
    memory == InstanceMemory::Reset && has_page_map() && !may_swap()
}

fn has_page_map() -> bool {
    PoolingAllocationConfig::is_pagemap_scan_available()
}

/// Whether the system swaps. The scan takes a page that is swapped out for one that was not touched, so that the next
/// guest would find in it what the last one has left (wasmtime's pull request 14357, open as of 48.0.8).
fn may_swap() -> bool {
    let is_one = |line: &str| !line.trim().is_empty();
    // Below a line of titles, one for each place to swap to.
    std::fs::read_to_string("/proc/swaps").map_or(true, |swaps| swaps.lines().skip(1).any(is_one))
}

/// How many seats a plugin takes while it runs.
pub(super) fn seats_for(memories: u32, tables: u32, core_instances: u64) -> u32 {
    let core_instances = u32::try_from(core_instances).unwrap_or(u32::MAX);
    let seats = [
        memories.div_ceil(MEMORIES_PER_SEAT),
        tables.div_ceil(TABLES_PER_SEAT),
        core_instances.div_ceil(CORE_INSTANCES_PER_SEAT),
    ];
    seats.into_iter().max().unwrap_or(1).max(1)
}

/// Names the engine whose compiled code is the same.
pub(super) fn fingerprint(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_reset_in_place_only_where_that_is_asked_for() {
        let scans = |memory| format!("{:?}", pool(1, memory)).contains("pagemap_scan: Yes");
        assert!(!scans(InstanceMemory::Fresh));
        assert_eq!(scans(InstanceMemory::Reset), has_page_map() && !may_swap());
    }
}
