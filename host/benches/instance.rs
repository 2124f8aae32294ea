//! What it costs to start a Rust instance and to run ten trivial steps in it, without store or scheduler.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use stepwell::limits;
use stepwell::model::{Event, Failure, IdSource, Json, Namespace, OpKey};
use stepwell::sandbox::{
    Bounds, Compiler, Control, Decision, Entry, Exit, Found, Grants, Line, Options, Plugin, Resolved, Sandbox,
    StepHost, Usage,
};

/// Runs each step at once and keeps nothing.
#[derive(Default)]
struct Immediate {
    last: Option<Resolved>,
    order: u32,
}

#[async_trait]
impl StepHost for Immediate {
    fn plan(&mut self, found: Vec<Found>, _: Usage) -> Result<Vec<Decision>, Failure> {
        Ok(found.iter().map(|_| Decision::Run { attempt: 0 }).collect())
    }

    fn finish(&mut self, key: OpKey, value: Result<Json, Failure>) -> Result<Control, Failure> {
        self.last = Some(Resolved { key, value, at: 1_000, order: self.order });
        self.order += 1;
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

const ROUNDS: usize = 2_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let guest = std::env::var("STEPWELL_BENCH_GUEST").expect("STEPWELL_BENCH_GUEST names the component to run");
    let cache = std::env::temp_dir().join(format!("stepwell-bench-{}", std::process::id()));
    let options = Options { cache: cache.clone(), compiler: Compiler::InProcess, instances: 4 };
    let sandbox = Sandbox::new(options).expect("the sandbox starts");
    let bytes = std::fs::read(guest).expect("the component is readable");
    let plugin = sandbox.load(bytes.into()).await.expect("the component is valid");
    let start_us = median(&plugin, "no-steps").await;
    let run_us = median(&plugin, "ten-steps").await;
    println!("{}", serde_json::json!({ "start_us": start_us, "run_us": run_us }));
    std::fs::remove_dir_all(cache).expect("the cache is removed");
}

/// Median time of an entry, in microseconds.
async fn median(plugin: &Plugin, function: &str) -> f64 {
    let ids = IdSource::new(0, [1; 32]);
    let event = Event::receive(r#"{"name":"bench"}"#, &Namespace::default(), ids.event(1_000), 1_000);
    let entry = Entry {
        run: ids.run(1_000),
        function: function.to_owned(),
        attempt: 0,
        max_attempts: 1,
        events: vec![Arc::new(event.expect("the event is valid"))],
        on_failure: None,
        secret: [7; 32],
        started: 1_000,
    };
    let bounds = Bounds { memory_bytes: limits::MEMORY_DEFAULT_BYTES, deadline_ms: limits::DEADLINE_DEFAULT_MS };
    let grants = Arc::new(Grants::default());
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let (exit, _) = plugin.enter(entry.clone(), Box::new(Immediate::default()), &grants, bounds).await;
        times.push(started.elapsed().as_secs_f64() * 1e6);
        assert!(matches!(exit, Exit::Completed(_)), "{exit:?}");
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
