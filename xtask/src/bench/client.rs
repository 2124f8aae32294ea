//! The load: a client in this process that keeps so many runs in flight over HTTP and times each.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How long one run took.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// From sending the event to its acknowledgement.
    pub accepted: Duration,
    /// From sending the event to learning of the run's end.
    pub ended: Duration,
}

/// The result of a load.
#[derive(Debug)]
pub struct Timings {
    pub wall: Duration,
    pub runs: Vec<Timing>,
}

/// The event that starts ten trivial steps.
pub const TEN_STEPS: &str = r#"{"name":"bench/ten-steps","data":{"sku":"A-1001","warehouse":"north","count":12}}"#;

/// Sends each event, `concurrency` at once on connections that stay open, and follows each to its run's end.
pub fn load(address: SocketAddr, events: Vec<String>, concurrency: usize) -> Result<Timings> {
    runtime()?.block_on(async {
        let runs = events.len();
        let left = Arc::new(Mutex::new(events.into_iter()));
        let started = Instant::now();
        let workers: Vec<_> = (0..concurrency).map(|_| tokio::spawn(worker(address, left.clone()))).collect();
        let mut timings = Vec::with_capacity(runs);
        for worker in workers {
            timings.extend(worker.await??);
        }
        Ok(Timings { wall: started.elapsed(), runs: timings })
    })
}

/// Keeps so many runs of the event in flight until it is over.
pub fn load_until(address: SocketAddr, event: &str, concurrency: usize, is_over: &Arc<AtomicBool>) -> Result<()> {
    runtime()?.block_on(async {
        let mut workers = JoinSet::new();
        for _ in 0..concurrency {
            workers.spawn(again(address, event.to_owned(), Arc::clone(is_over)));
        }
        while let Some(ended) = workers.join_next().await {
            ended??;
        }
        Ok(())
    })
}

async fn again(address: SocketAddr, event: String, is_over: Arc<AtomicBool>) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    while !is_over.load(Ordering::Relaxed) {
        connection.run(&event).await?;
    }
    Ok(())
}

/// Sends one body after the other, each an event or an array of them. Returns how long each acknowledgement took.
pub fn send(address: SocketAddr, bodies: impl IntoIterator<Item = String>) -> Result<Vec<Duration>> {
    runtime()?.block_on(async {
        let mut connection = Connection::open(address).await?;
        let mut times = Vec::new();
        for body in bodies {
            times.push(connection.send(&body).await?);
        }
        Ok(times)
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

async fn worker(address: SocketAddr, left: Arc<Mutex<std::vec::IntoIter<String>>>) -> Result<Vec<Timing>> {
    let mut connection = Connection::open(address).await?;
    let mut timings = Vec::new();
    let next = || left.lock().expect("no panic while held").next();
    while let Some(event) = next() {
        timings.push(connection.run(&event).await?);
    }
    Ok(timings)
}

/// A connection that speaks just the HTTP/1.1 that the load needs, so that the client costs the machine little.
struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("connect to the host")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4_096) })
    }

    /// Sends an event and follows it to its run's end.
    async fn run(&mut self, event: &str) -> Result<Timing> {
        let started = self.post("/e/bench?follow=true", event).await?;
        self.receive_until(b"\"ids\"").await?;
        let accepted = started.elapsed();
        self.receive_until(b"\r\n0\r\n\r\n").await?;
        let ended = started.elapsed();
        if !contains(&self.received, b"\"Completed\"") {
            bail!("a run did not complete:\n{}", String::from_utf8_lossy(&self.received));
        }
        Ok(Timing { accepted, ended })
    }

    async fn send(&mut self, body: &str) -> Result<Duration> {
        let started = self.post("/e/bench", body).await?;
        self.receive_until(b"\"status\":").await?;
        let accepted = started.elapsed();
        self.receive_until(b"}").await?;
        if !contains(&self.received, b"\"status\":200}") {
            bail!("events were refused:\n{}", String::from_utf8_lossy(&self.received));
        }
        Ok(accepted)
    }

    async fn post(&mut self, path: &str, body: &str) -> Result<Instant> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.received.clear();
        let started = Instant::now();
        self.stream.write_all(request.as_bytes()).await?;
        Ok(started)
    }

    async fn receive_until(&mut self, mark: &[u8]) -> Result<()> {
        while !contains(&self.received, mark) {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the host closed the connection:\n{}", String::from_utf8_lossy(&self.received));
            }
        }
        Ok(())
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
