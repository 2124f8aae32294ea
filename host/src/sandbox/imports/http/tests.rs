//! Requests against servers on this machine.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wasmtime_wasi_http::{Error, RequestOptions, WasiHttpHooks as _};

use super::*;
use crate::sandbox::HostGrant;
use crate::sandbox::tests::host::Player;

/// A server that answers each connection once with this text, slowly if wanted. Its port.
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
    let (response, driver) = get(&mut outbound, &format!("http://localhost:{port}/x"), None).await.expect("answers");
    assert_eq!(response.status(), 200);
    let driver = tokio::spawn(Pin::from(driver));
    assert_eq!(response.into_body().collect().await.expect("reads").to_bytes(), "abcd");
    driver.await.expect("no panic").expect("ends well");
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
    let (response, driver) = get(&mut outbound, &uri, Some(options)).await.expect("answers");
    let _driver = tokio::spawn(Pin::from(driver));
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
