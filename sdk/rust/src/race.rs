//! Races: waiting for the first of several futures.

use crate::error::{Error, Result};
use futures_util::future::{self, Either};
use serde_json::json;
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::pin;

/// Waits for the first of two futures, of any types; the other is dropped.
///
/// An operation that has been planned stays planned when its future is dropped: a step still runs, nobody takes its
/// result. Of two that end at once the host's order decides, the same at every pass.
///
/// ```
/// # use stepwell::{Either, Result, Step, race};
/// # use std::time::Duration;
/// # async fn body(step: Step) -> Result<()> {
/// let price = step.run("ask-supplier", || ask_supplier());
/// let patience = step.sleep("patience", Duration::from_secs(60));
/// match race(price, patience).await {
///     Either::Left(price) => println!("{}", price?),
///     Either::Right(_) => println!("no answer within a minute"),
/// }
/// # Ok(()) }
/// # fn ask_supplier() -> Result<u32> { Ok(1) }
/// ```
pub async fn race<A: Future, B: Future>(a: A, b: B) -> Either<A::Output, B::Output> {
    match future::select(pin!(a), pin!(b)).await {
        Either::Left((output, _)) => Either::Left(output),
        Either::Right((output, _)) => Either::Right(output),
    }
}

/// Waits for the first of several futures of one type; the others are dropped, see [`race`]. Of none it waits for ever.
///
/// ```
/// # use stepwell::{Result, Step, race_all};
/// # async fn body(step: Step) -> Result<()> {
/// let mirrors = ["eu", "us"].map(|mirror| step.run(mirror, move || download(mirror)));
/// let file: String = race_all(mirrors).await?;
/// # Ok(()) }
/// # fn download(_: &str) -> Result<String> { Ok(String::new()) }
/// ```
pub async fn race_all<F: Future>(futures: impl IntoIterator<Item = F>) -> F::Output {
    let futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    if futures.is_empty() {
        return std::future::pending().await;
    }
    future::select_all(futures).await.0
}

/// Waits for the first of several futures that succeeds; the others are dropped, see [`race`].
///
/// ```
/// # use stepwell::{Result, Step, first_ok};
/// # async fn body(step: Step) -> Result<()> {
/// let carriers = ["dhl", "ups"].map(|carrier| step.run(carrier, move || book(carrier)));
/// let parcel: String = first_ok(carriers).await?;
/// # Ok(()) }
/// # fn book(_: &str) -> Result<String> { Ok(String::new()) }
/// ```
///
/// # Errors
/// An [`AggregateError`] when all have failed, or when there were none. It is an error of the body like any other: if
/// nobody catches it, the body is retried, and finds the same failures recorded.
pub async fn first_ok<T, E, F>(futures: impl IntoIterator<Item = F>) -> Result<T, AggregateError>
where
    E: Into<Error>,
    F: Future<Output = Result<T, E>>,
{
    let numbered = futures.into_iter().enumerate();
    let mut waiting: Vec<_> = numbered.map(|(n, future)| Box::pin(async move { (n, future.await) })).collect();
    let mut errors: Vec<Option<Error>> = waiting.iter().map(|_| None).collect();
    while !waiting.is_empty() {
        let ((n, result), _, others) = future::select_all(waiting).await;
        match result {
            Ok(value) => return Ok(value),
            Err(error) => errors[n] = Some(error.into()),
        }
        waiting = others;
    }
    Err(AggregateError { errors: errors.into_iter().flatten().collect() })
}

/// None of several has succeeded, see [`first_ok`].
#[derive(Debug)]
pub struct AggregateError {
    errors: Vec<Error>,
}

impl AggregateError {
    /// Why each has failed, in the order in which they were given.
    #[must_use]
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }

    /// The same for programs: `errors`, each with its name, message and code.
    pub(crate) fn details(&self) -> String {
        let errors = self.errors.iter();
        let errors: Vec<_> = errors
            .map(|error| json!({ "name": error.name(), "message": error.message(), "code": error.code() }))
            .collect();
        json!({ "errors": errors }).to_string()
    }
}

impl fmt::Display for AggregateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "none of {} has succeeded", self.errors.len())?;
        for (n, error) in self.errors.iter().enumerate() {
            f.write_str(if n == 0 { ": " } else { "; " })?;
            write!(f, "{}: {error}", error.name())?;
        }
        Ok(())
    }
}

impl StdError for AggregateError {}
