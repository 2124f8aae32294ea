//! From an event to its first step: how long until the request that the step sends has arrived.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::report::quantiles;

/// A place on the loopback interface that the guest's step calls.
pub struct Outside(TcpListener);

impl Outside {
    pub fn open() -> Result<Self> {
        Ok(Self(TcpListener::bind("127.0.0.1:0")?))
    }

    /// The configuration under which the guest may call it.
    pub fn grant(&self, guest: &str) -> Result<String> {
        Ok(format!("[plugins.{guest}]\nprivate_hosts = [\"{}\"]\n", self.0.local_addr()?))
    }

    /// Median and p99, in milliseconds, of so many events sent one after the other.
    pub fn measure(&self, host: SocketAddr, events: usize) -> Result<(f64, f64)> {
        let body = format!(r#"{{"name":"faults/call-url","data":{{"url":"http://{}/"}}}}"#, self.0.local_addr()?);
        let request = format!(
            "POST /e/bench?follow=true HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut times = Vec::with_capacity(events);
        for _ in 0..events {
            times.push(self.first_step(host, &request)?.as_secs_f64() * 1_000.0);
        }
        Ok(quantiles(times))
    }

    fn first_step(&self, host: SocketAddr, request: &str) -> Result<Duration> {
        let mut sender = TcpStream::connect(host)?;
        let sent = Instant::now();
        sender.write_all(request.as_bytes())?;
        let (mut call, _) = self.0.accept()?;
        let took = sent.elapsed();
        // Whatever it asks for, as much as comes at once.
        let _ = call.read(&mut [0; 4_096])?;
        call.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        sender.read_to_string(&mut answer)?;
        ensure!(answer.contains("\"Completed\""), "a run did not complete:\n{answer}");
        Ok(took)
    }
}
