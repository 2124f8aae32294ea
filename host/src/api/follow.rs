//! `POST /e/{key}?follow=true`: the answer goes on until every run that came of the events has ended.
//!
//! Each line is a JSON object: the acknowledgement, then each run as it ends, failure runs and listeners included.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::Frame;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::Api;
use super::time::Stamp;
use crate::model::{Ended, Outcome, RunId};
use crate::store::{self, Published};

/// Lines that may wait for a slow reader; then the follower waits too.
const LINES_WAITING_MAX: usize = 64;

/// The last line when the host stops first.
const STOPPING: &[u8] = b"{\"error\":\"the host is stopping; the runs go on when it is back\",\"status\":503}\n";

/// The answer's body: lines as they come.
struct Lines(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}

pub(super) fn respond(api: &Api, mut acknowledgement: String, published: &[Published]) -> Response {
    acknowledgement.push('\n');
    let runs: Vec<RunId> = published.iter().flat_map(|published| published.started.iter().copied()).collect();
    let (sender, receiver) = mpsc::channel(LINES_WAITING_MAX);
    // There is room for the first line.
    let _ = sender.try_send(Bytes::from(acknowledgement));
    tokio::spawn(follow(api.clone(), sender, runs));
    let mut response = Response::new(Body::new(Lines(receiver)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response
}

/// Until all have ended, the reader is gone, or the host stops.
async fn follow(api: Api, sender: mpsc::Sender<Bytes>, runs: Vec<RunId>) {
    let mut stop = api.stop.clone();
    let mut waiting = JoinSet::new();
    let mut known = HashSet::new();
    let mut more = runs;
    loop {
        for run in more.drain(..).filter(|run| known.insert(*run)) {
            let api = api.clone();
            waiting.spawn(async move { api.store.ended(&api.namespace, run).await });
        }
        let ended = tokio::select! {
            ended = waiting.join_next() => ended,
            () = sender.closed() => return,
            () = stopped(&mut stop) => {
                let _ = sender.send(Bytes::from_static(STOPPING)).await;
                return;
            }
        };
        match ended {
            None => return,
            Some(Ok(Ok(Some(ended)))) => {
                if sender.send(Bytes::from(line(&ended))).await.is_err() {
                    return;
                }
                more = ended.started;
            }
            Some(Ok(Err(store::Error::Closing))) => return,
            Some(Ok(Err(error))) => tracing::error!(%error, "a run could not be followed"),
            Some(Ok(Ok(None)) | Err(_)) => {}
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

fn line(ended: &Ended) -> String {
    let failed;
    let (status, output) = match &ended.outcome {
        Outcome::Completed(output) => ("Completed", output.as_str()),
        Outcome::Cancelled { .. } => ("Cancelled", "null"),
        Outcome::Skipped { .. } => ("Skipped", "null"),
        Outcome::Failed(failure) => {
            failed = failure.to_output().to_string();
            ("Failed", failed.as_str())
        }
    };
    let mut line = String::with_capacity(160 + output.len());
    // Writing into a String cannot fail.
    let _ = write!(line, r#"{{"run_id":"{}","status":"{status}","ended_at":"{}","#, ended.run, Stamp(ended.at));
    line.push_str(r#""output":"#);
    push_on_one_line(&mut line, output);
    line.push_str(r#","started":["#);
    for (n, run) in ended.started.iter().enumerate() {
        let _ = write!(line, "{}\"{run}\"", if n > 0 { "," } else { "" });
    }
    line.push_str("]}\n");
    line
}

/// Outside of strings, where JSON has no line breaks, one is a blank like any other.
fn push_on_one_line(line: &mut String, json: &str) {
    let mut parts = json.split(['\n', '\r']);
    line.push_str(parts.next().unwrap_or_default());
    for part in parts {
        line.push(' ');
        line.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Failure, IdSource, Json, Kind};

    #[test]
    fn one_line_whatever_the_output() {
        let run = IdSource::new(0, [0; 32]).run(1_000);
        let outcome = Outcome::Completed(Json::parse("{\n\"a\": \"\\n\"\r\n}").expect("valid"));
        let text = line(&Ended { run, at: 0, outcome, started: vec![run] });
        assert_eq!(text.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&text).expect("valid");
        assert_eq!((&value["output"]["a"], &value["started"][0]), (&"\n".into(), &run.to_string().into()));
    }

    #[test]
    fn a_failure_is_told_as_output() {
        let run = IdSource::new(0, [0; 32]).run(1_000);
        let outcome = Outcome::Failed(Failure::of_host(Kind::Trap, "Trap", "unreachable"));
        let text = line(&Ended { run, at: 0, outcome, started: Vec::new() });
        assert!(text.contains(r#""status":"Failed""#) && text.contains(r#""message":"unreachable""#), "{text}");
    }
}
