//! Costs of a component: to compile, to load, to start an instance of, to run steps in, without store or scheduler.

use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::Instant;

use async_trait::async_trait;
use stepwell::limits;
use stepwell::model::{Event, Failure, IdSource, Json, Namespace, OpKey};
use stepwell::sandbox::{
    Bounds, Compiler, Control, Decision, Entry, Exit, Found, Grants, InstanceMemory, Line, Options, Owner, Plugin,
    Resolved, Sandbox, StepHost, Usage,
};

/// Runs each step at once and keeps nothing.
#[derive(Default)]
struct Immediate {
    last: Option<Resolved>,
    order: u32,
    /// Where the run stops twice before its last step ends: when all are there, and until all have been measured.
    stop: Option<Arc<Barrier>>,
}

#[async_trait]
impl StepHost for Immediate {
    fn plan(&mut self, found: Vec<Found>, _: Usage) -> Result<Vec<Decision>, Failure> {
        Ok(found.iter().map(|_| Decision::Run { attempt: 0 }).collect())
    }

    fn finish(&mut self, key: OpKey, value: Result<Json, Failure>) -> Result<Control, Failure> {
        self.last = Some(Resolved { key, value, at: 1_000, order: self.order });
        self.order += 1;
        if let Some(stop) = self.stop.as_ref().filter(|_| self.order == STEPS) {
            stop.wait();
            stop.wait();
        }
        Ok(Control::Proceed)
    }

    fn next(&mut self) -> Option<Resolved> {
        self.last.take()
    }

    async fn failed_step(&mut self, _: OpKey) -> Option<Result<Json, Failure>> {
        None
    }

    fn step_input(&mut self, _: &OpKey) -> Option<Json> {
        None
    }

    fn log(&mut self, _: Line) {}

    fn clear_to_send(&mut self) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send>> {
        Box::pin(std::future::ready(true))
    }
}

/// Entries of which the median counts.
const ROUNDS: usize = 1_000;
/// The same where one takes milliseconds.
const LONG_ROUNDS: usize = 40;
/// More steps, between two runs by which one step is measured.
const MORE_STEPS: usize = 200;
/// Steps of `ten-steps`.
const STEPS: u32 = 10;
/// Instances that live side by side when their memory is measured.
const TOGETHER: usize = 16;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let guest = std::env::var("STEPWELL_BENCH_GUEST").expect("STEPWELL_BENCH_GUEST names the component to run");
    let other = std::env::var("STEPWELL_BENCH_OTHER").expect("STEPWELL_BENCH_OTHER names one of the same language");
    let cache = std::env::temp_dir().join(format!("stepwell-bench-{}", std::process::id()));
    let (plugin, compile_s) = timed(load(&cache, &guest)).await;
    drop(plugin);
    let (_, compile_other_s) = timed(load(&cache, &other)).await;
    let sandbox = sandbox(&cache);
    let bytes: Arc<[u8]> = std::fs::read(&guest).expect("the component is readable").into();
    let (plugin, load_s) = timed(sandbox.load(bytes.clone())).await;
    let plugin = plugin.expect("the component is valid");
    let start_us = median(&plugin, "no-steps", "{}", ROUNDS).await;
    let run_us = median(&plugin, "ten-steps", "{}", ROUNDS).await;
    let steps = |steps: usize| format!(r#"{{"steps":{steps}}}"#);
    let few_us = median(&plugin, "many-steps", &steps(10), LONG_ROUNDS).await;
    let many_us = median(&plugin, "many-steps", &steps(10 + MORE_STEPS), LONG_ROUNDS).await;
    let step_us = (many_us - few_us) / MORE_STEPS as f64;
    let megabyte_us = median(&plugin, "payload", r#"{"bytes":1000000}"#, LONG_ROUNDS).await - start_us;
    let figures = serde_json::json!({
        "component_mb": bytes.len() as f64 / 1e6,
        "compile_s": compile_s,
        "compile_other_s": compile_other_s,
        "load_ms": load_s * 1e3,
        "start_us": start_us,
        "run_us": run_us,
        "step_us": step_us,
        "megabyte_ms": megabyte_us / 1e3,
        "instance_kb": instance_kb(&plugin),
    });
    println!("{figures}");
    std::fs::remove_dir_all(cache).expect("the cache is removed");
}

fn sandbox(cache: &Path) -> Arc<Sandbox> {
    let options = Options {
        cache: cache.to_owned(),
        compiler: Compiler::InProcess,
        instances: TOGETHER * 4,
        computing: TOGETHER * 4,
        memory: InstanceMemory::Reset,
        memory_total: 8 << 30,
    };
    Sandbox::new(options).expect("the sandbox starts")
}

async fn load(cache: &Path, component: &str) -> Plugin {
    let bytes = std::fs::read(component).expect("the component is readable");
    sandbox(cache).load(bytes.into()).await.expect("the component is valid")
}

/// The result of a future, and how long it takes, in seconds.
async fn timed<T>(future: impl Future<Output = T>) -> (T, f64) {
    let started = Instant::now();
    (future.await, started.elapsed().as_secs_f64())
}

/// Median time of an entry, in microseconds.
async fn median(plugin: &Plugin, function: &str, data: &str, rounds: usize) -> f64 {
    let entry = entry(function, data);
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let ((), seconds) = timed(enter(plugin, entry.clone())).await;
        times.push(seconds * 1e6);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Memory of this process that one more instance takes at the end of a run of ten steps, in kilobytes; the engine's
/// image, which all share, is not counted.
fn instance_kb(plugin: &Plugin) -> f64 {
    let alone = kb_with(plugin, 1);
    (kb_with(plugin, TOGETHER) - alone) / (TOGETHER - 1) as f64
}

/// Memory of this process while so many instances live, each in a thread of its own.
fn kb_with(plugin: &Plugin, instances: usize) -> f64 {
    let stop = Arc::new(Barrier::new(instances + 1));
    let run = || {
        let host = Immediate { stop: Some(stop.clone()), ..Immediate::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        runtime.block_on(enter_with(plugin, entry("ten-steps", "{}"), host));
    };
    std::thread::scope(|scope| {
        (0..instances).for_each(|_| drop(scope.spawn(run)));
        stop.wait();
        let kb = private_kb();
        stop.wait();
        kb
    })
}

fn private_kb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells of this process");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("it tells its size");
    line.split_whitespace().next().and_then(|kb| kb.parse().ok()).expect("a number")
}

async fn enter(plugin: &Plugin, entry: Entry) {
    enter_with(plugin, entry, Immediate::default()).await;
}

async fn enter_with(plugin: &Plugin, entry: Entry, host: Immediate) {
    let bounds = Bounds { memory_bytes: limits::MEMORY_DEFAULT_BYTES, deadline_ms: limits::DEADLINE_DEFAULT_MS };
    let (exit, _) = plugin.enter(entry, Box::new(host), &Arc::new(Grants::default()), bounds).await;
    assert!(matches!(exit, Exit::Completed(_)), "{exit:?}");
}

fn entry(function: &str, data: &str) -> Entry {
    let ids = IdSource::new(0, [1; 32]);
    let event = format!(r#"{{"name":"bench","data":{data}}}"#);
    let event = Event::receive(&event, &Namespace::default(), ids.event(1_000), 1_000);
    Entry {
        owner: Owner::Described,
        run: ids.run(1_000),
        function: function.to_owned(),
        attempt: 0,
        max_attempts: 1,
        events: vec![Arc::new(event.expect("the event is valid"))],
        on_failure: None,
        secret: [7; 32],
        started: 1_000,
    }
}
