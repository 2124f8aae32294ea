//! Three steps side by side, of which one may execute at once.

use std::time::Duration;
use stepwell::{Concurrency, Context, Function, Result, try_join};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("d10", steps).on("d10/go").concurrency(Concurrency::new(1)),
    ]
}

async fn steps(Context { step, .. }: Context) -> Result<(u32, u32, u32)> {
    let nap = step.sleep("nap", Duration::from_secs(1));
    let (a, b, c, ()) = try_join!(step.run("a", || Ok(1)), step.run("b", || Ok(2)), step.run("c", || Ok(3)), nap)?;
    Ok((a, b, c))
}
