//! An error that has a cause that has a cause.

use serde_json::{Value, json};
use std::error::Error;
use std::fmt;
use std::iter::successors;
use std::num::ParseIntError;
use stepwell::{Context, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a25", import).on("a25/go").retries(0).on_failure(report)]
}

async fn import(_: Context) -> Result<u32> {
    Ok("ten".parse().map_err(|error| ImportError(RowError(error)))?)
}

async fn report(FailureContext { error, event, .. }: FailureContext) -> Result<Value> {
    let line = |name: &str, message: &str| format!("{name}: {message}");
    let told = successors(event.data.error.cause.as_ref(), |cause| cause.cause.as_ref());
    Ok(json!({
        "error": error.causes.iter().map(|cause| line(&cause.name, &cause.message)).collect::<Vec<_>>(),
        "event": told.map(|cause| line(&cause.name, &cause.message)).collect::<Vec<_>>(),
    }))
}

#[derive(Debug)]
struct ImportError(RowError);

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("import failed")
    }
}

impl Error for ImportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[derive(Debug)]
struct RowError(ParseIntError);

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("row 3")
    }
}

impl Error for RowError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}
