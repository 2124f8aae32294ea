//! The outside world: a server that remembers in which order it was told what.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// Remembers the path of each request, and answers 200.
pub struct Witness {
    address: SocketAddr,
    desk: Arc<Desk>,
}

#[derive(Default)]
struct Desk {
    paths: Mutex<Vec<String>>,
    /// Who waits for an answer, and how many these were at most.
    waiting: Mutex<(usize, usize)>,
    /// Whether answers are held back.
    is_held: Mutex<bool>,
    released: Condvar,
}

impl Witness {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let desk = Arc::new(Desk::default());
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

    /// Answers those who wait, and everybody from now on.
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
        self.desk.paths.lock().expect("no panic while held").clone()
    }
}

impl Desk {
    fn hear(&self, mut stream: TcpStream) {
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        let path = lines.next().and_then(|line| line.split_whitespace().nth(1).map(str::to_owned));
        lines.take_while(|line| !line.is_empty()).for_each(drop);
        // Remembered before it is answered: what the host knows of, the witness has seen.
        self.paths.lock().expect("no panic while held").extend(path);
        self.count(1);
        drop(self.released.wait_while(self.is_held(), |is_held| *is_held));
        // Counted before it is answered: whoever comes because of that finds it gone.
        self.count(-1);
        // Whoever asked may have died meanwhile.
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
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
