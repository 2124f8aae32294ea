//! Sends a newsletter to all its readers side by side, and counts those who cannot be reached.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use stepwell::{Context, Error, Function, NewEvent, Result, join_all};

stepwell::plugin!(send_newsletter, count_issue);

fn send_newsletter() -> Function {
    Function::new("send-newsletter", deliver).name("Send newsletter").on("newsletter/issue.ready")
}

fn count_issue() -> Function {
    Function::new("count-issue", count).name("Count issue").on("newsletter/issue.sent")
}

/// The data of `newsletter/issue.ready`.
#[derive(Deserialize)]
struct Issue {
    issue: String,
    readers: usize,
    /// Addresses that do not exist any more.
    #[serde(default)]
    bounces: Vec<String>,
}

/// The data of `newsletter/issue.sent`.
#[derive(Serialize, Deserialize)]
struct Sent {
    issue: String,
    sent: usize,
}

#[derive(Serialize)]
struct Delivery {
    sent: usize,
    bounced: Vec<String>,
}

/// A step for each reader: each has retries of its own, and none is written to twice if another one fails.
async fn deliver(Context { event, step, .. }: Context<Issue>) -> Result<Delivery> {
    let Issue { issue, readers, bounces } = event.data;
    let readers = step.run("load-readers", || load_readers(readers)).await?;

    let mails = readers.iter().enumerate().map(|(n, address)| {
        let send = || send(&issue, address, &bounces);
        step.run(format!("send-to-{n}"), send)
    });
    let mut delivery = Delivery { sent: 0, bounced: Vec::new() };
    for (outcome, address) in join_all(mails).await.into_iter().zip(&readers) {
        match outcome {
            Ok(_) => delivery.sent += 1,
            Err(error) if error.name == "BouncedError" => delivery.bounced.push(address.clone()),
            // Whatever else went wrong fails the run.
            Err(error) => return Err(error.into()),
        }
    }

    step.send_event("tell", NewEvent::new("newsletter/issue.sent", Sent { issue, sent: delivery.sent })).await?;
    Ok(delivery)
}

fn load_readers(count: usize) -> Result<Vec<String>> {
    Ok((0..count).map(|n| format!("reader-{n}@example.com")).collect())
}

/// A real one would send an email here; answers its number.
fn send(issue: &str, address: &str, bounces: &[String]) -> Result<String> {
    if bounces.iter().any(|bounce| bounce == address) {
        // There is no such address, and there will not be.
        return Err(Error::new("BouncedError", format!("{address} does not exist")).non_retriable());
    }
    Ok(format!("{issue} to {address}"))
}

/// Knows nothing of who has sent it.
async fn count(Context { event, .. }: Context<Sent>) -> Result<Sent> {
    Ok(event.data)
}
