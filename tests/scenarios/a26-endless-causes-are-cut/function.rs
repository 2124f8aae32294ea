//! Errors with more causes than anyone reads.

use serde_json::{Value, json};
use std::error::Error;
use std::fmt;
use std::iter::successors;
use stepwell::{Context, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("a26", async |_: Context| Err::<(), _>(Link::chain(100).into()))
            .on("a26/go")
            .retries(0)
            .on_failure(report),
        Function::new("a26-circle", async |_: Context| Err::<(), _>(Circle.into())).on("a26-circle/go").retries(0),
    ]
}

async fn report(FailureContext { error, event, .. }: FailureContext) -> Result<Value> {
    Ok(json!({
        "error": error.causes.len(),
        "last": error.causes.last().map(|cause| &cause.message),
        "event": successors(event.data.error.cause.as_ref(), |cause| cause.cause.as_ref()).count(),
    }))
}

/// With its number: the first is 0.
#[derive(Debug)]
struct Link(u32, Option<Box<Link>>);

impl Link {
    /// An error with that many causes behind it.
    fn chain(causes: u32) -> Self {
        let last = Self(causes, None);
        (0..causes).rev().fold(last, |cause, number| Self(number, Some(Box::new(cause))))
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link {}", self.0)
    }
}

impl Error for Link {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

#[derive(Debug)]
struct Circle;

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in a circle")
    }
}

impl Error for Circle {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}
