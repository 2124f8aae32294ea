//! Who is first: waiting for one of several futures.

use futures_util::future::{self, Either};
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
