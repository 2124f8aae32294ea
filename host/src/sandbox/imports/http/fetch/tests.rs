//! Fetches from servers on this machine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::model::RetryAdvice;
use crate::sandbox::HostGrant;

const LONG: Duration = Duration::from_secs(60);

/// Starts a server that answers each request with what `answer` makes of its head, and closes the connection. Returns
/// its port, and the requests that it gets.
async fn serve(answer: fn(&str) -> Vec<u8>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let theirs = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let heard = theirs.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.expect("a head"));
                }
                let head = String::from_utf8(head).expect("text");
                heard.lock().expect("no panic").push(head.clone());
                let _ = stream.write_all(&answer(&head)).await;
            });
        }
    });
    (port, heard)
}

/// A head without a body, or with the body that follows.
fn head(status: u16, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

fn request(url: &str, headers: &[(&str, &str)]) -> Request {
    let headers: BTreeMap<_, _> = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Request::new("GET", url, &headers, Bytes::new()).expect("valid")
}

fn grants(ports: &[u16], private: Reach) -> Grants {
    let grant = |port: &u16| HostGrant { host: "localhost".into(), port: Some(*port), private };
    Grants { hosts: ports.iter().map(grant).collect(), ..Grants::default() }
}

async fn get(url: &str, ports: &[u16]) -> Exchanged<Json> {
    fetch(&request(url, &[]), &grants(ports, Reach::PrivateToo), LONG, async || true).await
}

/// Code, advice and message of the error.
fn error(fetched: Exchanged<Json>) -> (String, RetryAdvice, String) {
    match fetched.expect_err("it fails") {
        Unfetched::Failed(failure) => (failure.code.expect("a code"), failure.advice, failure.message),
        Unfetched::Held => panic!("it was clear to send"),
    }
}

#[tokio::test]
async fn any_status_is_a_response() {
    let (port, heard) = serve(|_| [head(503, "X-A: 1\r\n"), b"later".to_vec()].concat()).await;
    let fetched = get(&format!("http://localhost:{port}/a?b"), &[port]).await.expect("a response").to_value();
    assert_eq!(
        (&fetched["status"], &fetched["body"], &fetched["headers"]["x-a"]),
        (&503.into(), &"later".into(), &"1".into())
    );
    let head = heard.lock().expect("no panic")[0].to_ascii_lowercase();
    assert!(head.starts_with("get /a?b http/1.1\r\n"), "{head}");
    for header in [format!("host: localhost:{port}"), "user-agent: stepwell/".into(), "accept: */*".into()] {
        assert!(head.contains(&format!("\r\n{header}")), "{header} in {head}");
    }
}

#[tokio::test]
async fn what_is_not_granted_is_denied_for_good() {
    let (port, heard) = serve(|_| head(200, "")).await;
    let url = format!("http://localhost:{port}/secret");
    let (code, advice, message) = error(get(&url, &[]).await);
    let wanted = format!(
        "a request to localhost:{port} was denied: no grant names it; to allow it, add hosts = [\"localhost:{port}\"] to \
         the plugin's table in stepwell.toml"
    );
    assert_eq!((code.as_str(), advice, message), ("denied", RetryAdvice::Never, wanted));
    let inward = fetch(&request(&url, &[]), &grants(&[port], Reach::PublicOnly), LONG, async || true).await;
    let (code, advice, message) = error(inward);
    assert_eq!((code.as_str(), advice), ("denied", RetryAdvice::Never));
    assert!(message.contains(&format!("add private_hosts = [\"localhost:{port}\"]")), "{message}");
    assert!(heard.lock().expect("no panic").is_empty(), "nothing left");
}

#[tokio::test]
async fn without_clearance_nothing_leaves() {
    let (port, heard) = serve(|_| head(200, "")).await;
    let url = format!("http://localhost:{port}/");
    let fetched = fetch(&request(&url, &[]), &grants(&[port], Reach::PrivateToo), LONG, async || false).await;
    assert_eq!(fetched, Err(Unfetched::Held));
    assert!(heard.lock().expect("no panic").is_empty(), "nothing left");
}

/// The port and path behind `/to/`, or here.
fn lead(head_of: &str) -> Vec<u8> {
    let path = head_of.split_whitespace().nth(1).unwrap_or_default();
    match path.strip_prefix("/to/") {
        Some(rest) => head(302, &format!("location: http://localhost:{rest}\r\n")),
        None if path == "/round" => head(307, "location: /round\r\n"),
        None if path == "/astray" => head(307, "location: ftp://localhost/\r\n"),
        None => [head(200, ""), b"here".to_vec()].concat(),
    }
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_they_are_granted() {
    let ((near, heard_near), (far, heard_far)) = (serve(lead).await, serve(lead).await);
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let clear = async || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 10;
    let granted = grants(&[near, far], Reach::PrivateToo);
    let request = request(&format!("http://localhost:{near}/to/{far}/x"), &[("authorization", "Bearer secret")]);
    let fetched = fetch(&request, &granted, LONG, clear).await.expect("a response").to_value();
    assert_eq!((&fetched["body"], &fetched["url"]), (&"here".into(), &format!("http://localhost:{far}/x").into()));
    assert_eq!(asked.into_inner(), 2, "each hop needs clearance");
    assert!(heard_near.lock().expect("no panic")[0].contains("Bearer secret"));
    assert!(!heard_far.lock().expect("no panic")[0].contains("secret"), "it was meant for another origin");

    let (code, _, message) = error(get(&format!("http://localhost:{near}/to/{far}/x"), &[near]).await);
    assert_eq!(code, "denied");
    assert!(message.contains(&format!("hosts = [\"localhost:{far}\"]")), "{message}");
    assert_eq!(heard_far.lock().expect("no panic").len(), 1, "a hop that is not granted is not made");
}

#[tokio::test]
async fn redirects_that_lead_nowhere_are_errors() {
    let (port, heard) = serve(lead).await;
    let (code, advice, _) = error(get(&format!("http://localhost:{port}/round"), &[port]).await);
    assert_eq!((code.as_str(), advice), ("too_many_redirects", RetryAdvice::Never));
    assert_eq!(heard.lock().expect("no panic").len(), limits::REDIRECTS_MAX + 1);
    let (code, advice, message) = error(get(&format!("http://localhost:{port}/astray"), &[port]).await);
    assert_eq!((code.as_str(), advice), ("bad_redirect", RetryAdvice::Never));
    assert!(message.contains("\"ftp\""), "{message}");
}

const MAX: usize = limits::STEP_OUTPUT_MAX_BYTES;

#[tokio::test]
async fn responses_are_bounded() {
    let (port, _) = serve(|head_of| match head_of.split_whitespace().nth(1) {
        // Said, but never sent.
        Some("/said") => head(200, &format!("content-length: {}\r\n", MAX + 1)),
        Some("/sent") => [head(200, ""), vec![b'x'; MAX + 1]].concat(),
        // Each is six characters in JSON.
        Some("/escaped") => [head(200, ""), vec![1; MAX / 2]].concat(),
        Some("/binary") => [head(200, ""), vec![255; MAX - 64]].concat(),
        _ => [head(200, ""), vec![b'x'; MAX - 128]].concat(),
    })
    .await;
    for path in ["said", "sent", "escaped", "binary"] {
        let (code, advice, message) = error(get(&format!("http://localhost:{port}/{path}"), &[port]).await);
        assert_eq!((code.as_str(), advice), ("response_too_large", RetryAdvice::Never), "{path}");
        assert!(message.contains(&MAX.to_string()), "{message}");
    }
    get(&format!("http://localhost:{port}/fits"), &[port]).await.expect("it fits");
}

#[tokio::test]
async fn what_the_network_fails_may_be_tried_again() {
    let (port, _) = serve(|head_of| match head_of.split_whitespace().nth(1) {
        Some("/cut") => [head(200, "content-length: 4\r\n"), b"ab".to_vec()].concat(),
        _ => Vec::new(),
    })
    .await;
    for path in ["cut", "silent"] {
        let (code, advice, _) = error(get(&format!("http://localhost:{port}/{path}"), &[port]).await);
        assert_eq!((code.as_str(), advice), ("incomplete", RetryAdvice::ByPolicy), "{path}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound").port();
    let (code, advice, message) = error(get(&format!("http://localhost:{closed}/secret"), &[closed]).await);
    assert_eq!((code.as_str(), advice), ("connection_refused", RetryAdvice::ByPolicy));
    assert_eq!(message, format!("the request to localhost:{closed} failed: connection refused"));
}

#[tokio::test]
async fn a_fetch_takes_no_longer_than_it_may() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let url = format!("http://localhost:{port}/");
    let short = Duration::from_millis(20);
    let own = Request { timeout_ms: Some(20), ..request(&url, &[]) };
    for (request, most) in [(request(&url, &[]), short), (own, LONG)] {
        let fetched = fetch(&request, &grants(&[port], Reach::PrivateToo), most, async || true).await;
        let (code, advice, message) = error(fetched);
        assert_eq!((code.as_str(), advice), ("timeout", RetryAdvice::ByPolicy));
        assert_eq!(message, format!("the request to localhost:{port} was not answered within 20ms"));
    }
}
