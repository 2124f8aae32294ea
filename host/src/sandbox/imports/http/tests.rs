//! Requests against servers on this machine.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use wasmtime_wasi_http::{Error, RequestOptions, WasiHttpHooks as _};

use super::*;
use crate::sandbox::tests::host::Player;
use crate::sandbox::{HostGrant, Reach};

/// Starts a server that answers each connection once with this text, slowly if wanted. Returns its port.
async fn serve(answer: &'static str, pause: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(respond(stream, answer, pause));
        }
    });
    port
}

async fn respond(mut stream: TcpStream, answer: &str, pause: Duration) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    for part in answer.split_inclusive('|') {
        let _ = stream.write_all(part.trim_end_matches('|').as_bytes()).await;
        tokio::time::sleep(pause).await;
    }
}

fn outbound(player: &Player, port: u16, private: Reach) -> Outbound {
    let hosts = vec![HostGrant { host: "localhost".into(), port: Some(port), private }];
    let grants = Arc::new(Grants { hosts, ..Grants::default() });
    let link = Arc::new(Link::new(Box::new(player.clone()), Duration::from_secs(20)));
    Outbound::new(&grants, &link)
}

fn get(outbound: &mut Outbound, uri: &str, options: Option<RequestOptions>) -> Pin<Sending> {
    let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
    let request = http::Request::get(uri).body(body).expect("a request");
    Pin::from(outbound.gate.send_request(request, options, Box::new(async { Ok(()) })))
}

async fn text(response: super::Response) -> String {
    let body = response.into_body().collect().await.expect("reads").to_bytes();
    String::from_utf8(body.to_vec()).expect("text")
}

fn player() -> Player {
    let player = Player::default();
    player.tape().clear = true;
    player
}

fn failed<T>(result: Result<T>) -> Error {
    result.map(drop).expect_err("fails")
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab|cd";

#[tokio::test]
async fn a_granted_host_answers() {
    let port = serve(OK, Duration::from_millis(1)).await;
    let mut outbound = outbound(&player(), port, Reach::PrivateToo);
    let (response, _) = get(&mut outbound, &format!("http://localhost:{port}/x"), None).await.expect("answers");
    assert_eq!(response.status(), 200);
    assert_eq!(text(response).await, "abcd");
}

#[tokio::test]
async fn what_is_not_granted_is_denied_and_said() {
    let player = player();
    let mut outbound = outbound(&player, 80, Reach::PublicOnly);
    let error = failed(get(&mut outbound, "http://example.com/", None).await);
    assert!(matches!(error, Error::HttpRequestDenied), "{error}");
    let messages = player.tape().messages();
    let wanted = "warn: a request to example.com:80 was denied: no grant names it; to allow it, \
                  add hosts = [\"example.com:80\"] to the plugin's table in stepwell.toml";
    assert_eq!(messages, [wanted]);
}

#[tokio::test]
async fn a_name_that_leads_inward_is_denied() {
    let port = serve(OK, Duration::ZERO).await;
    let player = player();
    let mut outbound = outbound(&player, port, Reach::PublicOnly);
    let error = failed(get(&mut outbound, &format!("http://localhost:{port}/"), None).await);
    assert!(matches!(error, Error::DestinationIpProhibited), "{error}");
    let message = player.tape().messages()[0].clone();
    assert!(message.contains("an address that is not public; to allow it, add private_hosts"), "{message}");
}

#[tokio::test]
async fn without_clearance_nothing_leaves_and_the_instance_is_cut() {
    let player = Player::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let mut outbound = outbound(&player, port, Reach::PrivateToo);
    let link = Arc::clone(&outbound.gate.link);
    let mut sending = get(&mut outbound, &format!("http://localhost:{port}/"), None);
    tokio::select! {
        _ = &mut sending => panic!("the guest saw an answer"),
        _ = listener.accept() => panic!("it was sent"),
        cut = link.cut() => assert_eq!(cut, crate::sandbox::link::Cut::Lost),
    }
}

#[tokio::test]
async fn timeouts_are_the_guests() {
    let port = serve("HTTP/1.1 200 OK\r\n|content-length: 4\r\n\r\nab|cd", Duration::from_millis(400)).await;
    let uri = format!("http://localhost:{port}/");
    let mut outbound = outbound(&player(), port, Reach::PrivateToo);
    let options = RequestOptions { first_byte_timeout: Some(Duration::from_millis(50)), ..RequestOptions::default() };
    let error = failed(get(&mut outbound, &uri, Some(options)).await);
    assert!(matches!(error, Error::ConnectionReadTimeout), "{error}");

    let options =
        RequestOptions { between_bytes_timeout: Some(Duration::from_millis(50)), ..RequestOptions::default() };
    let (response, _) = get(&mut outbound, &uri, Some(options)).await.expect("answers");
    let error = failed(response.into_body().collect().await);
    assert!(matches!(error, Error::ConnectionReadTimeout), "{error}");
}

#[tokio::test]
async fn errors_are_told_apart() {
    let plain = serve(OK, Duration::ZERO).await;
    let mut outbound = outbound(&player(), plain, Reach::PrivateToo);
    let error = failed(get(&mut outbound, &format!("https://localhost:{plain}/"), None).await);
    assert!(matches!(error, Error::TlsProtocolError), "{error}");

    let silent = serve("", Duration::ZERO).await;
    let mut outbound = super::tests::outbound(&player(), silent, Reach::PrivateToo);
    let error = failed(get(&mut outbound, &format!("http://localhost:{silent}/"), None).await);
    assert!(matches!(error, Error::HttpResponseIncomplete | Error::InternalError(_)), "{error}");

    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("bound").port()
    };
    let mut outbound = super::tests::outbound(&player(), closed, Reach::PrivateToo);
    let error = failed(get(&mut outbound, &format!("http://localhost:{closed}/"), None).await);
    assert!(matches!(error, Error::ConnectionRefused), "{error}");
}

#[tokio::test]
async fn requests_run_side_by_side() {
    let port = serve(OK, Duration::from_millis(200)).await;
    let mut outbound = outbound(&player(), port, Reach::PrivateToo);
    let began = Instant::now();
    let uri = format!("http://localhost:{port}/");
    let all: Vec<_> = (0..20).map(|_| tokio::spawn(get(&mut outbound, &uri, None))).collect();
    for one in all {
        let (response, _) = one.await.expect("no panic").expect("answers");
        assert_eq!(response.status(), 200);
    }
    assert!(began.elapsed() < Duration::from_secs(2));
}

/// Heads of the requests, and how many connections they came through.
#[derive(Default)]
struct Heard {
    heads: Mutex<Vec<String>>,
    connections: AtomicUsize,
    closed: Notify,
}

/// Starts a server that answers the requests of each connection, one after the other. `answer` makes the answer from a
/// request's head; if it makes none, the connection closes.
async fn keep_serving(answer: fn(&str, usize) -> Option<Vec<u8>>) -> (u16, Arc<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let heard = Arc::new(Heard::default());
    let theirs = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let heard = theirs.clone();
            heard.connections.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                while let Some(head) = head(&mut stream).await {
                    let number = {
                        let mut heads = heard.heads.lock().expect("no panic");
                        heads.push(head.clone());
                        heads.len()
                    };
                    let Some(answer) = answer(&head, number) else { break };
                    let _ = stream.write_all(&answer).await;
                }
                heard.closed.notify_one();
            });
        }
    });
    (port, heard)
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let (port, heard) = keep_serving(|_, _| Some(ok("", b"abcd"))).await;
    let uri = format!("http://localhost:{port}/");
    let mut outbound = outbound(&player(), port, Reach::PrivateToo);
    for _ in 0..5 {
        let (response, _) = get(&mut outbound, &uri, None).await.expect("answers");
        assert_eq!(text(response).await, "abcd");
        outbound.gate.grants.connections.settled().await;
    }
    assert_eq!((heard.connections.load(Ordering::Relaxed), heard.heads.lock().expect("no panic").len()), (1, 5));

    let mut other = super::tests::outbound(&player(), port, Reach::PrivateToo);
    let (response, _) = get(&mut other, &uri, None).await.expect("answers");
    assert_eq!(text(response).await, "abcd");
    assert_eq!(heard.connections.load(Ordering::Relaxed), 2, "another plugin has connections of its own");
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_costs_no_request() {
    // Each connection serves one request, and says nothing of it.
    let (port, heard) = keep_serving(|_, number| (number % 2 == 1).then(|| ok("", b"abcd"))).await;
    let uri = format!("http://localhost:{port}/");
    let mut outbound = outbound(&player(), port, Reach::PrivateToo);
    for _ in 0..3 {
        let (response, _) = get(&mut outbound, &uri, None).await.expect("answers");
        assert_eq!(text(response).await, "abcd");
        outbound.gate.grants.connections.settled().await;
    }
    assert_eq!(heard.connections.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_response_that_is_dropped_closes_its_connection() {
    let (port, heard) = keep_serving(|_, _| Some(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab".to_vec())).await;
    let mut outbound = outbound(&player(), port, Reach::PrivateToo);
    let (response, _) = get(&mut outbound, &format!("http://localhost:{port}/"), None).await.expect("answers");
    drop(response);
    heard.closed.notified().await;
}

#[tokio::test]
async fn a_cancelled_run_ends_its_requests() {
    let (port, heard) = keep_serving(|head, _| {
        let body = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab".to_vec();
        Some(if head.contains("/body") { body } else { Vec::new() })
    })
    .await;
    let player = player();
    let mut outbound = outbound(&player, port, Reach::PrivateToo);
    let (response, _) = get(&mut outbound, &format!("http://localhost:{port}/body"), None).await.expect("answers");
    let silent = tokio::spawn(get(&mut outbound, &format!("http://localhost:{port}/silent"), None));
    while heard.heads.lock().expect("no panic").len() < 2 {
        tokio::task::yield_now().await;
    }
    player.tape().cancellation.cancel();
    for error in [failed(silent.await.expect("no panic")), failed(response.into_body().collect().await)] {
        assert!(matches!(&error, Error::InternalError(Some(said)) if said == "the run was cancelled"), "{error}");
        heard.closed.notified().await;
    }
}

#[tokio::test]
async fn open_responses_are_bounded() {
    let (port, _) = keep_serving(|_, _| Some(ok("", b"abcd"))).await;
    let uri = format!("http://localhost:{port}/");
    let player = player();
    let mut outbound = outbound(&player, port, Reach::PrivateToo);
    let mut open = Vec::new();
    for _ in 0..limits::OUTBOUND_OPEN_MAX {
        open.push(get(&mut outbound, &uri, None).await.expect("answers").0);
    }
    let error = failed(get(&mut outbound, &uri, None).await);
    assert!(matches!(error, Error::ConnectionLimitReached), "{error}");
    let said = player.tape().messages().concat();
    assert!(said.contains("256 responses are open; read their bodies to the end"), "{said}");
    assert_eq!(text(open.pop().expect("one")).await, "abcd");
    let (response, _) = get(&mut outbound, &uri, None).await.expect("one has been read");
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_guest_that_says_what_it_accepts_decodes_by_itself() {
    let gzip = [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 75, 76, 74, 78, 1, 0, 17, 205, 130, 237, 4, 0, 0, 0];
    static GZIP: OnceLock<Vec<u8>> = OnceLock::new();
    GZIP.get_or_init(|| ok("content-encoding: gzip\r\n", &gzip));
    let (port, heard) = keep_serving(|_, _| GZIP.get().cloned()).await;
    let mut outbound = outbound(&player(), port, Reach::PrivateToo);
    let uri = format!("http://localhost:{port}/");
    let (response, _) = get(&mut outbound, &uri, None).await.expect("answers");
    assert!(!response.headers().contains_key("content-encoding") && !response.headers().contains_key("content-length"));
    assert_eq!(text(response).await, "abcd");
    let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
    let request = http::Request::get(&uri).header("accept-encoding", "gzip").body(body).expect("a request");
    let sending = outbound.gate.send_request(request, None, Box::new(async { Ok(()) }));
    let (response, _) = Pin::from(sending).await.expect("answers");
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.into_body().collect().await.expect("reads").to_bytes(), gzip.as_slice());
    let heads = heard.heads.lock().expect("no panic");
    assert!(heads[0].contains("accept-encoding: gzip, deflate, br, zstd"), "{}", heads[0]);
}
