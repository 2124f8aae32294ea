//! Functions of benchmarks: steps that do nothing, so that what is measured is the host and the SDK.

use stepwell::{Context, Function, Result, try_join_all};

stepwell::plugin!(functions);

fn functions() -> Vec<Function> {
    vec![
        Function::new("ten-steps", ten_steps).on("bench/ten-steps"),
        Function::new("no-steps", no_steps).on("bench/no-steps"),
        Function::new("many-steps", many_steps).on("bench/many-steps"),
        Function::new("parallel-steps", parallel_steps).on("bench/parallel-steps"),
        Function::new("payload", payload).on("bench/payload"),
    ]
}

/// Ten trivial steps, one after the other.
async fn ten_steps(Context { step, .. }: Context) -> Result<u32> {
    let mut sum = 0;
    for id in ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"] {
        sum += step.run(id, || Ok(1)).await?;
    }
    Ok(sum)
}

/// A body and nothing else: the price of an entry.
async fn no_steps(_: Context) -> Result<u32> {
    Ok(0)
}

/// As many trivial steps, one after the other, as the event says: `{"steps": 900}`.
async fn many_steps(Context { event, step, .. }: Context) -> Result<u32> {
    let mut sum = 0;
    for _ in 0..count(&event.data) {
        sum += step.run("step", || Ok(1)).await?;
    }
    Ok(sum)
}

/// As many trivial steps, side by side, as the event says.
async fn parallel_steps(Context { event, step, .. }: Context) -> Result<u32> {
    let steps = (0..count(&event.data)).map(|_| step.run("step", || Ok(1)));
    Ok(try_join_all(steps).await?.into_iter().sum())
}

/// A text of as many letters as the event says: `{"bytes": 1000000}`.
async fn payload(Context { event, .. }: Context) -> Result<String> {
    let bytes = event.data["bytes"].as_u64().unwrap_or_default();
    Ok("x".repeat(usize::try_from(bytes).unwrap_or_default()))
}

fn count(data: &serde_json::Value) -> u64 {
    data["steps"].as_u64().unwrap_or(10)
}
