//! The load: a client in this process that keeps so many runs in flight over HTTP and times each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long one run took.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// From sending the event to its acknowledgement.
    pub accepted: Duration,
    /// From sending the event to learning of the run's end.
    pub ended: Duration,
}

/// What a load came to.
#[derive(Debug)]
pub struct Timings {
    pub wall: Duration,
    pub runs: Vec<Timing>,
}

/// Sends `runs` events, `concurrency` at once, each on a connection that stays open, and follows each to its run's end.
pub fn load(address: SocketAddr, runs: usize, concurrency: usize) -> Result<Timings> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let left = Arc::new(AtomicUsize::new(runs));
        let started = Instant::now();
        let workers: Vec<_> = (0..concurrency).map(|_| tokio::spawn(worker(address, left.clone()))).collect();
        let mut timings = Vec::with_capacity(runs);
        for worker in workers {
            timings.extend(worker.await??);
        }
        Ok(Timings { wall: started.elapsed(), runs: timings })
    })
}

async fn worker(address: SocketAddr, left: Arc<AtomicUsize>) -> Result<Vec<Timing>> {
    let mut connection = Connection::open(address).await?;
    let mut timings = Vec::new();
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
        timings.push(connection.run().await?);
    }
    Ok(timings)
}

/// A connection that speaks just the HTTP/1.1 that the load needs, so that the client costs the machine little.
struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

const BODY: &str = r#"{"name":"bench/ten-steps","data":{"sku":"A-1001","warehouse":"north","count":12}}"#;

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("connect to the host")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4_096) })
    }

    async fn run(&mut self) -> Result<Timing> {
        let request = format!(
            "POST /e/bench?follow=true HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{BODY}",
            BODY.len()
        );
        let started = Instant::now();
        self.received.clear();
        self.stream.write_all(request.as_bytes()).await?;
        self.receive_until(b"\"ids\"").await?;
        let accepted = started.elapsed();
        self.receive_until(b"\r\n0\r\n\r\n").await?;
        let ended = started.elapsed();
        if !contains(&self.received, b"\"Completed\"") {
            bail!("a run did not complete:\n{}", String::from_utf8_lossy(&self.received));
        }
        Ok(Timing { accepted, ended })
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
