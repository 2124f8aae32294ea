//! The outside world: a server that remembers in which order it was told what.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// The answer that surprises nobody.
pub const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Remembers each request, and answers 200 or what it was told to.
pub struct Witness {
    address: SocketAddr,
    desk: Arc<Desk>,
}

/// The answer to a request, by its path and its number, from 0; an empty one closes the connection.
pub type Answer = fn(&str, usize) -> Vec<u8>;

struct Desk {
    answer: Answer,
    /// Head and body.
    heard: Mutex<Vec<String>>,
    /// Requests that wait for an answer, and how many these were at most.
    waiting: Mutex<(usize, usize)>,
    /// Whether answers are held back.
    is_held: Mutex<bool>,
    released: Condvar,
}

impl Witness {
    pub fn new() -> Self {
        Self::answering(|_, _| OK.into())
    }

    pub fn answering(answer: Answer) -> Self {
        Self::at(([127, 0, 0, 1], 0).into(), answer)
    }

    pub fn at(address: SocketAddr, answer: Answer) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (heard, waiting) = (Mutex::default(), Mutex::default());
        let desk = Arc::new(Desk { answer, heard, waiting, is_held: Mutex::default(), released: Condvar::new() });
        let theirs = desk.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let desk = theirs.clone();
                std::thread::spawn(move || desk.hear(stream));
            }
        });
        Self { address, desk }
    }

    /// From now on requests are remembered, but not answered: who has asked waits.
    pub fn hold(&self) {
        *self.desk.is_held() = true;
    }

    /// Lets waiting requests be answered, and all from now on.
    pub fn release(&self) {
        *self.desk.is_held() = false;
        self.desk.released.notify_all();
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many have waited for an answer at one time, at most.
    pub fn most_at_once(&self) -> usize {
        self.desk.waiting.lock().expect("no panic while held").1
    }

    pub fn paths(&self) -> Vec<String> {
        self.heard().iter().map(|request| path(request).to_owned()).collect()
    }

    /// Every request, head and body.
    pub fn heard(&self) -> Vec<String> {
        self.desk.heard.lock().expect("no panic while held").clone()
    }
}

impl Desk {
    fn hear(&self, mut stream: TcpStream) {
        let request = read(&stream);
        // Remembered before it is answered: what the host knows of, the witness has seen.
        let number = {
            let mut heard = self.heard.lock().expect("no panic while held");
            heard.push(request.clone());
            heard.len() - 1
        };
        self.count(1);
        drop(self.released.wait_while(self.is_held(), |is_held| *is_held));
        // The count comes before the answer: a request because of that answer finds it gone.
        self.count(-1);
        // The caller may have died meanwhile.
        let _ = stream.write_all(&(self.answer)(path(&request), number));
    }

    fn count(&self, change: isize) {
        let mut waiting = self.waiting.lock().expect("no panic while held");
        waiting.0 = waiting.0.saturating_add_signed(change);
        waiting.1 = waiting.1.max(waiting.0);
    }

    fn is_held(&self) -> MutexGuard<'_, bool> {
        self.is_held.lock().expect("no panic while held")
    }
}

fn path(request: &str) -> &str {
    request.split_whitespace().nth(1).unwrap_or_default()
}

fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request).is_ok_and(|bytes| bytes > 0) {}
    let head = request.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = Vec::new();
    let _ = reader.take(length.unwrap_or(0)).read_to_end(&mut body);
    request + &String::from_utf8_lossy(&body)
}
