//! A function whose result JSON has no form for.

use std::collections::BTreeMap;
use stepwell::{Context, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("b5", sizes)
            .on("b5/go")
            .retries(0)
            .on_failure(async |FailureContext { error, .. }: FailureContext| Ok(error.name)),
    ]
}

async fn sizes(_: Context) -> Result<BTreeMap<(u32, u32), u32>> {
    Ok(BTreeMap::from([((640, 480), 1)]))
}
