//! The host under test: a child process, and what the system and the host itself tell of it.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};

use crate::guests;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    Strict,
    Relaxed,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strict => "strict",
            Self::Relaxed => "relaxed",
        })
    }
}

/// Bytes that the host has written since it started, from `GET /api/v1/stats`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Counters {
    pub syncs: u64,
    /// To the database's files, checkpoints included.
    pub written_bytes: u64,
}

/// The cost of a component, measured in one process, without a host around it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Instance {
    pub component_mb: f64,
    pub compile_s: f64,
    /// Another component, with what the first one has left.
    pub compile_other_s: f64,
    pub load_ms: f64,
    /// An entry that does nothing.
    pub start_us: f64,
    /// A run with ten steps.
    pub run_us: f64,
    pub step_us: f64,
    /// A result of a megabyte, beyond the start.
    pub megabyte_ms: f64,
    pub instance_kb: f64,
}

/// A host on a database of its own. Dropping it kills it.
pub struct Host {
    child: Child,
    address: SocketAddr,
    data: PathBuf,
}

/// A component, and the name that it has as a plugin.
#[derive(Debug, Clone)]
pub struct Plugin {
    pub name: String,
    pub file: PathBuf,
}

impl Plugin {
    pub fn guest(name: &str) -> Self {
        Self { name: name.to_owned(), file: guests::path(name) }
    }
}

/// The arguments of a host.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    pub binary: &'a Path,
    /// Where its data, its plugins and its configuration lie.
    pub folder: &'a Path,
    pub durability: Durability,
    pub plugins: &'a [Plugin],
    /// The text of `stepwell.toml`.
    pub config: &'a str,
}

impl Host {
    /// Starts `stepwell serve` on an empty data folder and waits until the plugins are live.
    pub fn start(setup: Setup<'_>) -> Result<Self> {
        let (data, plugins) = (setup.folder.join("data"), setup.folder.join("plugins"));
        for old in [&data, &plugins].into_iter().filter(|folder| folder.exists()) {
            fs::remove_dir_all(old).with_context(|| format!("remove {}", old.display()))?;
        }
        fs::create_dir_all(&plugins)?;
        for plugin in setup.plugins {
            fs::copy(&plugin.file, plugins.join(format!("{}.wasm", plugin.name)))?;
        }
        fs::write(setup.folder.join("stepwell.toml"), setup.config)?;
        let host = Self::resume(setup)?;
        setup.plugins.iter().try_for_each(|plugin| host.wait_for_plugin(&plugin.name))?;
        Ok(host)
    }

    /// Starts it on what the one before has left, and returns when it listens.
    pub fn resume(setup: Setup<'_>) -> Result<Self> {
        let Setup { binary, folder, durability, .. } = setup;
        let data = folder.join("data");
        let mut child = Command::new(binary)
            .arg("serve")
            .args(["--listen", "127.0.0.1:0", "--event-key", "bench"])
            .args(["--durability", &durability.to_string()])
            .arg("--config")
            .arg(folder.join("stepwell.toml"))
            .arg("--data-dir")
            .arg(&data)
            .arg("--cache-dir")
            .arg(folder.join("compiled"))
            .arg("--plugins")
            .arg(folder.join("plugins"))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("start {}", binary.display()))?;
        let address = listening(&mut child)?;
        Ok(Self { child, address, data })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn memory_mb(&self) -> Result<f64> {
        self.status("VmRSS")
    }

    pub fn peak_memory_mb(&self) -> Result<f64> {
        self.status("VmHWM")
    }

    pub fn counters(&self) -> Result<Counters> {
        Ok(serde_json::from_str(&self.get("/api/v1/stats")?)?)
    }

    /// Stops it as a service manager would.
    pub fn halt(mut self) -> Result<()> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("run kill")?;
        self.child.wait()?;
        Ok(())
    }

    /// Stops it and removes its data.
    pub fn stop(self) -> Result<()> {
        let data = self.data.clone();
        self.halt()?;
        fs::remove_dir_all(data)?;
        Ok(())
    }

    /// Runs that wait for a time that is at least a day away.
    pub fn parked(&self) -> Result<usize> {
        let tomorrow = SystemTime::now() + Duration::from_secs(24 * 3_600);
        let tomorrow = tomorrow.duration_since(UNIX_EPOCH)?.as_millis() as i64;
        self.count("SELECT count(*) FROM open WHERE due > ?", tomorrow)
    }

    /// Runs that have mail and have not handled it.
    pub fn woken(&self) -> Result<usize> {
        self.count("SELECT count(*) FROM open WHERE due = ?", 0)
    }

    fn count(&self, sql: &str, value: i64) -> Result<usize> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(self.data.join("stepwell.db"), flags)?;
        let count: i64 = database.query_row(sql, [value], |row| row.get(0))?;
        Ok(count as usize)
    }

    fn wait_for_plugin(&self, guest: &str) -> Result<()> {
        for _ in 0..600 {
            if self.get("/api/v1/functions")?.contains(guest) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the host does not load the benchmark's guest")
    }

    pub fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        body.with_context(|| format!("no answer from {path}"))
    }

    /// Processor time of the host so far, in seconds: of all its threads, also inside the kernel.
    pub fn cpu_s(&self) -> Result<f64> {
        const TICKS_PER_S: f64 = 100.0;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Behind the name in parentheses, which may have blanks.
        let (_, fields) = stat.rsplit_once(')').context("no name in the process's figures")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / TICKS_PER_S)
    }

    fn status(&self, key: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with(key)).context("no such line in the process's status")?;
        let kb: f64 = line.split_whitespace().nth(1).context("no figure in the process's status")?.parse()?;
        Ok(kb / 1_024.0)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the child's stderr up to the line that says where it listens, and goes on draining it.
fn listening(child: &mut Child) -> Result<SocketAddr> {
    let stderr = child.stderr.take().context("the child has a stderr")?;
    let mut lines = BufReader::new(stderr).lines();
    let mut told = Vec::new();
    for line in lines.by_ref() {
        let line = line?;
        if let Some((_, address)) = line.split_once("listening on http://") {
            let address = address.trim().parse().with_context(|| format!("no address in {line:?}"))?;
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(address);
        }
        told.push(line);
    }
    bail!("the host ended before it listened:\n{}", told.join("\n"))
}

/// Runs `host/benches/instance.rs`, which prints its figures as JSON.
pub fn instance(guest: &Path, other: &Path) -> Result<Instance> {
    let output = Command::new(env!("CARGO"))
        .args(["bench", "--quiet", "--package", "stepwell", "--bench", "instance"])
        .env("STEPWELL_BENCH_GUEST", guest)
        .env("STEPWELL_BENCH_OTHER", other)
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().find(|line| line.starts_with('{')).context("the instance benchmark printed no figures")?;
    Ok(serde_json::from_str(line)?)
}
