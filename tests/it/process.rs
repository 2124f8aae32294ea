//! The real executable, started as a user starts it, and ended as users and machines end it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::guests;

/// The end of a command, and its output.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A folder with a configuration, plugins and data, in which hosts are started one after the other.
pub struct Site {
    folder: tempfile::TempDir,
}

/// A host that runs. Dropping it kills it.
pub struct Host {
    child: Child,
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// With these guests' components in its plugin folder.
    pub fn new(plugins: &[&str]) -> Self {
        let site = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        std::fs::create_dir(site.plugins()).expect("the folder is new");
        for guest in plugins {
            site.put(guest, guest);
        }
        site
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn plugins(&self) -> PathBuf {
        self.path().join("plugins")
    }

    /// Copies a guest's component into the plugin folder, under a plugin's name.
    pub fn put(&self, plugin: &str, guest: &str) {
        self.put_bytes(plugin, &guests::bytes(guest));
    }

    /// The same with a component, or what is meant to be one, from memory.
    pub fn put_bytes(&self, plugin: &str, bytes: &[u8]) {
        let partial = self.path().join(format!("{plugin}.partial"));
        std::fs::write(&partial, bytes).expect("the component is written");
        std::fs::rename(partial, self.plugins().join(format!("{plugin}.wasm"))).expect("the component is put in place");
    }

    pub fn configure(&self, text: &str) {
        std::fs::write(self.path().join("stepwell.toml"), text).expect("the configuration is written");
    }

    /// `stepwell serve` with more arguments and variables; waits until it listens.
    pub fn serve(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Host, String> {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0", "--plugins", "plugins"]);
        command.args(arguments).envs(variables.iter().copied());
        Host::start(command)
    }

    /// Runs the executable to its end, asking this host, with these variables.
    pub fn ask(&self, host: &Host, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
        let mut command = self.command(arguments);
        Said::of(command.env("STEPWELL_URL", host.url()).envs(variables.iter().copied()))
    }

    /// The executable in this folder, with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepwell"));
        command.current_dir(self.path()).args(arguments);
        command.env("STEPWELL_CACHE_DIR", guests::root().join("target/tests/compiled"));
        command
    }
}

impl Said {
    pub fn of(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).output().expect("the command starts");
        let text = |bytes| String::from_utf8(bytes).expect("what is said is UTF-8");
        Self { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The lines of stdout, as JSON; nothing else may have been said.
    pub fn lines(&self) -> Vec<Value> {
        assert_eq!(self.stderr, "", "only data is said");
        let lines = self.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
        lines.collect()
    }

    /// The one line of stdout, as JSON.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        let [line] = <[Value; 1]>::try_from(self.lines()).expect("one line");
        line
    }
}

impl Host {
    /// Starts a command that becomes a host; waits until it listens.
    pub fn start(mut command: Command) -> Result<Self, String> {
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines().map_while(Result::ok);
        let address = lines.by_ref().find_map(|line| {
            let address = line.split_once("listening on http://").and_then(|(_, rest)| rest.trim().parse().ok());
            log.lock().expect("no panic while held").push(line);
            address
        });
        let Some(address) = address else {
            let status = child.wait().map_err(|error| error.to_string())?;
            return Err(format!("the host ended ({status}):\n{}", log.lock().expect("no panic while held").join("\n")));
        };
        let sink = log.clone();
        std::thread::spawn(move || lines.for_each(|line| sink.lock().expect("no panic while held").push(line)));
        Ok(Self { child, address, log })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn log(&self) -> String {
        self.log.lock().expect("no panic while held").join("\n")
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and waits for the end.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("the child ends")
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        Command::new("kill").args([&format!("-{name}"), id.as_str()]).status().expect("kill is there");
    }

    /// Status and body; an error where the host does not answer.
    pub fn request(&self, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
        self.request_with(method, path, &[("content-type", "application/json")], body.as_bytes())
    }

    /// The same with headers of one's own.
    pub fn request_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<(u16, String)> {
        request(self.address, method, path, headers, body)
    }

    /// The body of a `GET`, as JSON.
    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.request("GET", path, "").expect("the host answers");
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("the answer is JSON")
    }

    /// Sends one event; its id, if the host acknowledged it.
    pub fn send(&self, event: &Value) -> Option<String> {
        let (status, body) = self.request("POST", "/e/test", &event.to_string()).ok()?;
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).ok()?;
        Some(body["ids"][0].as_str()?.to_owned())
    }

    /// Asks until it holds. The bound is there so that a broken host does not hang the suite.
    pub fn wait_for<T>(&mut self, what: &str, mut ask: impl FnMut(&Self) -> Option<T>) -> T {
        for _ in 0..6_000 {
            if let Some(found) = ask(self) {
                return found;
            }
            assert!(self.is_running(), "the host ended while waiting for {what}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("waited in vain for {what}:\n{}", self.log());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Status and body of a host's answer.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: it\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    )?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let malformed = || std::io::Error::other(format!("no HTTP answer: {answer:?}"));
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(malformed)?;
    let status = head.split_whitespace().nth(1).and_then(|code| code.parse().ok()).ok_or_else(malformed)?;
    let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        unchunked(body)
    } else {
        body.to_owned()
    };
    Ok((status, body))
}

fn unchunked(mut body: &str) -> String {
    let mut text = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        if size == 0 || rest.len() < size {
            break;
        }
        text.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
    }
    text
}
