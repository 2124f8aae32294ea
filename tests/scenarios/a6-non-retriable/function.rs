//! Errors that are not worth a retry: the SDK's own, and one of the author's with that advice.

use std::fmt;
use stepwell::{Context, Function, NonRetriableError, Result, ResultExt};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("a6", async |_: Context| Err::<(), _>(NonRetriableError::new("no use").into())).on("a6/go"),
        Function::new("a8", gone).on("a8/go"),
    ]
}

async fn gone(_: Context) -> Result<()> {
    Err(MyNR).non_retriable()
}

#[derive(Debug)]
struct MyNR;

impl fmt::Display for MyNR {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("gone for good")
    }
}

impl std::error::Error for MyNR {}
