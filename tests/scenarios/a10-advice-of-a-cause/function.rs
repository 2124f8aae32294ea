//! Errors whose cause has an advice on retries.

use std::fmt;
use std::time::Duration;
use stepwell::{Context, Function, NonRetriableError, Result, RetryAfterError};

pub fn functions() -> Vec<Function> {
    vec![Function::new("a10", never).on("a10/go").retries(1), Function::new("a16", later).on("a16/go").retries(1)]
}

async fn never(_: Context) -> Result<()> {
    Err(ImportError(NonRetriableError::new("no use")).into())
}

async fn later(Context { attempt, .. }: Context) -> Result<()> {
    match attempt {
        0 => Err(ImportError(RetryAfterError::new("in an hour", Duration::from_secs(3_600))).into()),
        _ => Ok(()),
    }
}

#[derive(Debug)]
struct ImportError<E>(E);

impl<E> fmt::Display for ImportError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("import failed")
    }
}

impl<E: std::error::Error + 'static> std::error::Error for ImportError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
