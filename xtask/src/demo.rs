//! `cargo xtask demo`: a product's import is retried, fails for good, and its failure handler is told.

use std::fs;
use std::io::{BufRead, BufReader, IsTerminal as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{build, guests, root};

/// Where the host listens, unless something else does: what `stepwell` asks without being told.
const ADDRESS: &str = "127.0.0.1:8288";
/// In place of Inngest's table, which begins with 15 to 45 seconds.
const RETRY_INTERVAL: &str = "1s";
const EVENT: [&str; 2] = ["shop/product.imported", r#"{"sku":"A-1001","shop_api":"down"}"#];
/// The exit code of `stepwell send --wait` if a run has failed.
const RUN_FAILED: i32 = 3;

pub fn run() -> Result<()> {
    say("Building the host and the example plugins from source");
    let binary = build::host(build::Profile::Dev)?;
    guests::build_examples()?;
    let stays = std::io::stdout().is_terminal();
    say("Starting the host with the examples: stepwell dev guest-examples/rust");
    let host = Host::start(&binary, if stays { Data::Kept } else { Data::Scratch })?;
    say("Importing a product while the shop's API is down");
    println!("   stepwell send {} '{}' --wait\n", EVENT[0], EVENT[1]);
    let status = host.stepwell(&["send", EVENT[0], EVENT[1], "--wait"]).status().context("run stepwell send")?;
    if status.code() != Some(RUN_FAILED) {
        bail!("the run was to fail for good, but stepwell send ended with {status}");
    }
    say("What failed for good, and who saw to it: stepwell failures list");
    host.show(&["failures", "list"])?;
    say("What the failure handler did, on its own: stepwell runs show");
    host.show(&["runs", "show", &host.handler()?])?;
    if stays { host.stay() } else { host.stop() }
}

fn say(text: &str) {
    println!("\n== {text}");
}

/// Where the host keeps its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    /// In `.stepwell`, so that one can go on with it.
    Kept,
    /// In a folder that is removed afterwards.
    Scratch,
}

/// The host in a process of its own. Dropping it kills it.
struct Host {
    child: Child,
    binary: PathBuf,
    url: String,
    scratch: Option<PathBuf>,
}

impl Host {
    fn start(binary: &Path, data: Data) -> Result<Self> {
        let scratch = std::env::temp_dir().join(format!("stepwell-demo-{}", std::process::id()));
        let folder = if data == Data::Kept { root().join(".stepwell") } else { scratch.clone() };
        let mut child = Command::new(binary)
            .current_dir(root())
            .args(["dev", "guest-examples/rust", "--listen", free_address(), "--retry-interval", RETRY_INTERVAL])
            .arg("--data-dir")
            .arg(folder)
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", binary.display()))?;
        let stderr = child.stderr.take().context("the child has a stderr")?;
        let mut host = Self { child, binary: binary.to_owned(), url: String::new(), scratch: None };
        host.scratch = (data == Data::Scratch).then_some(scratch);
        host.url = listening(stderr)?;
        Ok(host)
    }

    /// The command line, asking this host.
    fn stepwell(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(root()).args(arguments).env("STEPWELL_URL", &self.url);
        command
    }

    fn show(&self, arguments: &[&str]) -> Result<()> {
        build::run(&mut self.stepwell(arguments))
    }

    /// The run that handled the newest failure.
    fn handler(&self) -> Result<String> {
        let output = self.stepwell(&["failures", "list", "--json"]).output().context("run stepwell failures list")?;
        let listing: Value = serde_json::from_slice(&output.stdout).context("understand stepwell failures list")?;
        let handler = &listing["failures"][0]["handler"];
        match (handler["run_id"].as_str(), handler["status"].as_str()) {
            (Some(run), Some("Completed")) => Ok(run.to_owned()),
            _ => bail!("the failed run's handler did not complete: {listing}"),
        }
    }

    /// Until Ctrl-C, which the host gets too.
    fn stay(mut self) -> Result<()> {
        say(&format!("The host goes on at {}. Ctrl-C ends it. Try, in another terminal:", self.url));
        println!("   target/debug/stepwell runs list --url {}", self.url);
        println!("   target/debug/stepwell send demo/hello '{{\"name\":\"Ada\"}}' --wait --url {}", self.url);
        println!("   and change guest-examples/rust/hello/src/lib.rs: it is rebuilt and swapped in\n");
        outlive_interrupts()?;
        self.child.wait().context("wait for the host")?;
        Ok(())
    }

    fn stop(mut self) -> Result<()> {
        build::run(Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let status = self.child.wait().context("wait for the host")?;
        if !status.success() {
            bail!("the host ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(scratch) = &self.scratch {
            let _ = fs::remove_dir_all(scratch);
        }
    }
}

fn free_address() -> &'static str {
    if TcpListener::bind(ADDRESS).is_ok() { ADDRESS } else { "127.0.0.1:0" }
}

/// Passes on what the host says, and returns the address at which it listens.
fn listening(stderr: ChildStderr) -> Result<String> {
    let mut lines = BufReader::new(stderr).lines();
    for line in lines.by_ref() {
        let line = line.context("read what the host says")?;
        eprintln!("{line}");
        if let Some((_, address)) = line.split_once("listening on ") {
            thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("{line}")));
            return Ok(address.trim().to_owned());
        }
    }
    bail!("the host ended before it listened")
}

/// Ctrl-C reaches the host as well, which then ends in its own time.
fn outlive_interrupts() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async { while tokio::signal::ctrl_c().await.is_ok() {} });
    });
    Ok(())
}
