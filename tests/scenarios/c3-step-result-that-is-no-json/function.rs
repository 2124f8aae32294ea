//! A step whose result JSON has no form for.

use std::collections::BTreeMap;
use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c3", sizes).on("c3/go")]
}

async fn sizes(Context { step, .. }: Context) -> Result<String> {
    let sizes = step.run("a", || Ok(BTreeMap::from([((640, 480), 1)]))).await;
    Ok(sizes.map_or_else(|error| format!("caught {}", error.name), |_| "never".to_owned()))
}
