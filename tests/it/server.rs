//! A server that keeps its connections open, answers what it is told to, and counts what comes and goes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use async_compression::tokio::write::GzipEncoder;
use tokio::io::AsyncWriteExt as _;

/// A server on this machine.
pub struct Server {
    address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    /// Requests that are never answered, or whose response never ends, and how many of them were given up.
    hanging: AtomicUsize,
    given_up: AtomicUsize,
}

/// A request, head and body; the path with its query.
pub struct Request {
    pub head: String,
    pub path: String,
    pub body: Vec<u8>,
}

impl Server {
    /// Its paths are those of [`by_path`].
    pub fn new() -> Self {
        Self::with(by_path)
    }

    /// Sends the bytes that `respond` returns; with `None` it never answers.
    pub fn with(respond: impl Fn(&Request) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let respond: Arc<Respond> = Arc::new(respond);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let counts = Arc::new(Counts::default());
        let theirs = counts.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                theirs.connections.fetch_add(1, Ordering::SeqCst);
                let (counts, respond) = (theirs.clone(), respond.clone());
                std::thread::spawn(move || serve(&stream, &*respond, &counts));
            }
        });
        Self { address, counts }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    pub fn hanging(&self) -> usize {
        self.counts.hanging.load(Ordering::SeqCst)
    }

    pub fn given_up(&self) -> usize {
        self.counts.given_up.load(Ordering::SeqCst)
    }
}

type Respond = dyn Fn(&Request) -> Option<Vec<u8>> + Send + Sync;

fn serve(stream: &TcpStream, respond: &Respond, counts: &Counts) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let answered = match respond(&request) {
            Some(response) => (&mut &*stream).write_all(&response),
            None => hang(stream, &request, counts),
        };
        if answered.is_err() {
            return;
        }
    }
}

/// Says nothing, or never comes to an end, until the other side gives up.
fn hang(mut stream: &TcpStream, request: &Request, counts: &Counts) -> std::io::Result<()> {
    if request.path == "/endless" {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nstart")?;
    }
    counts.hanging.fetch_add(1, Ordering::SeqCst);
    let closed = stream.read(&mut [0]);
    counts.given_up.fetch_add(1, Ordering::SeqCst);
    closed.map(drop)
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let path = head.split_whitespace().nth(1)?.to_owned();
    if path == "/early" {
        return Some(Request { head, path, body: Vec::new() });
    }
    let small = head.to_ascii_lowercase();
    let length = small.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    if small.contains("transfer-encoding: chunked") {
        body = chunks(reader)?;
    }
    Some(Request { head, path, body })
}

fn chunks(reader: &mut BufReader<&TcpStream>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// `/hello`, `/early`, which does not wait for the request's body, `/size/N`, `/echo` of method and body, `/redirect/STATUS/to/URL`, `/loop`, `/gzip`, `/bomb`, which unpacks to
/// a gigabyte; nothing to `/silent` and `/endless`.
fn by_path(request: &Request) -> Option<Vec<u8>> {
    let path = request.path.as_str();
    if let Some(size) = path.strip_prefix("/size/") {
        return Some(response(200, "", &vec![b'x'; size.parse().unwrap_or(0)]));
    }
    if let Some((status, to)) = path.strip_prefix("/redirect/").and_then(|rest| rest.split_once("/to/")) {
        return Some(response(status.parse().unwrap_or(302), &format!("location: {to}\r\n"), b"moved"));
    }
    match path {
        "/hello" => Some(response(200, "", b"hello")),
        "/early" => Some(response(413, "connection: close\r\n", b"too large")),
        "/echo" => Some(response(200, "", &echo(request))),
        "/loop" => Some(response(302, "location: /loop\r\n", b"")),
        "/gzip" => Some(response(200, "content-encoding: gzip\r\n", member())),
        "/bomb" => Some(response(200, "content-encoding: gzip\r\n", &member().repeat(1024))),
        "/silent" | "/endless" => None,
        _ => Some(response(404, "", b"")),
    }
}

/// A response; each of the headers with its end of line.
pub fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn echo(Request { head, body, .. }: &Request) -> Vec<u8> {
    let method = head.split_whitespace().next().unwrap_or_default();
    let secret = if head.contains("secret") { " with the secret" } else { "" };
    format!("{method} {} bytes{secret}", body.len()).into_bytes()
}

/// A member of a gzip file: a mebibyte of one letter, in a kilobyte. Any number of them is a gzip file.
fn member() -> &'static [u8] {
    static MEMBER: OnceLock<Vec<u8>> = OnceLock::new();
    MEMBER.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut encoder = GzipEncoder::new(Vec::new());
            encoder.write_all(&vec![b'x'; 1 << 20]).await.expect("in memory");
            encoder.shutdown().await.expect("in memory");
            encoder.into_inner()
        })
    })
}
