//! The outside world: a server that remembers in which order it was told what.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

/// Remembers the path of each request, and answers 200.
pub struct Witness {
    address: SocketAddr,
    paths: Arc<Mutex<Vec<String>>>,
}

impl Witness {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let paths: Arc<Mutex<Vec<String>>> = Arc::default();
        let sink = paths.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let path = lines.next().and_then(|line| line.split_whitespace().nth(1).map(str::to_owned));
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                // Remembered before it is answered: what the host knows of, the witness has seen.
                sink.lock().expect("no panic while held").extend(path);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        });
        Self { address, paths }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn paths(&self) -> Vec<String> {
        self.paths.lock().expect("no panic while held").clone()
    }
}
