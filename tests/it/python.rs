//! The Python SDK: its own tests, and guests built with it from source, on the real host.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use libtest_mimic::{Completion, Failed, Trial};
use serde_json::json;

use crate::examples::{self, Send};
use crate::guests;
use crate::languages::side_by_side;
use crate::process::{Host, Site};
use crate::server::Server;

/// Plugins, and their folders with an `app.py`, below the repository's. A build takes ten seconds of a core, and so does
/// compiling what it made: here are the examples that show something of the host's; the SDK's own tests run them all.
const GUESTS: [(&str, &str); 7] = [
    ("product-import", "guest-examples/python/product-import"),
    ("order-saga", "guest-examples/python/order-saga"),
    ("fan-out", "guest-examples/python/fan-out"),
    ("onboarding", "guest-examples/python/onboarding"),
    ("ask-model", "guest-examples/python/ask-model"),
    ("guest", "tests/guests/python"),
    ("clients", "tests/guests/python-clients"),
];

/// The packages of a guest that brings some.
const CLIENTS: &str = "tests/guests/python-clients/requirements.txt";

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("python::the_sdks_own_tests", || unless_missing(python().map(|()| own_tests()))),
        Trial::ignorable_test("python::guests_on_the_host", || {
            unless_missing(built()?.map(|built| on_the_host(&built)))
        }),
        Trial::ignorable_test("python::http_clients_go_out_under_the_grants", || {
            unless_missing(built()?.map(|built| http_clients(&built)))
        }),
        Trial::ignorable_test("python::a_build_that_fails_says_what_to_do", || {
            unless_missing(tools()?.map(|tools| bad_builds(&tools)))
        }),
        Trial::ignorable_test("examples::python", || {
            unless_missing(built()?.map(|built| examples::on_the_host(|plugin| Ok(built[plugin].clone()))))
        }),
    ]
}

/// The trial's result; ignored if the machine lacks what it takes.
fn unless_missing(tested: Result<Result<(), Failed>, String>) -> Result<Completion, Failed> {
    match tested {
        Ok(result) => result.map(|()| Completion::Completed),
        Err(missing) => Ok(Completion::ignored_with(missing)),
    }
}

/// Whether there is a Python as the SDK needs it.
fn python() -> Result<(), String> {
    said(Command::new("python3").args(["-c", "import sys; assert sys.version_info >= (3, 11), sys.version"])).map(drop)
}

fn sdk() -> PathBuf {
    guests::root().join("sdk/python")
}

fn own_tests() -> Result<(), Failed> {
    let mut tests = Command::new("python3");
    tests.args(["-B", "-W", "error::RuntimeWarning", "-m", "unittest"]).current_dir(sdk()).env("PYTHONPATH", "src");
    said(&mut tests)?;
    Ok(())
}

/// The tools that components are built with: a virtual environment with the pinned toolchain, in a folder for what is made.
pub struct Tools {
    pub folder: PathBuf,
    pub requirements: Vec<u8>,
}

/// The tools, or what this machine lacks to have them.
pub fn tools() -> Result<Result<Tools, String>, Failed> {
    static INSTALLED: Mutex<()> = Mutex::new(());
    if let Err(missing) = python() {
        return Ok(Err(missing));
    }
    let folder = guests::root().join("target/tests/python");
    fs::create_dir_all(&folder)?;
    let own = fs::read(sdk().join("requirements.txt"))?;
    let requirements = [own, fs::read(guests::root().join(CLIENTS))?].concat();
    let _one_at_a_time = INSTALLED.lock();
    Ok(install(&folder, &requirements).map(|()| Tools { folder, requirements }))
}

impl Tools {
    /// Makes a component of a module.
    pub fn build(&self, app: &Path, component: &Path) -> Result<(), Failed> {
        let mut build = Command::new(self.folder.join(".venv/bin/python"));
        build.args(["-B", "-m", "stepwell", "build"]).arg(app).arg("-o").arg(component);
        let told = said(build.env("PYTHONPATH", sdk().join("src")))?;
        // Packages read variables that none of these plugins needs.
        assert!(told.lines().all(|line| !line.contains("warning") || line.contains("site-packages")), "{told}");
        Ok(())
    }
}

/// The guests' components by their plugins' names, or what this machine lacks to build them.
type Built = BTreeMap<&'static str, Vec<u8>>;

fn built() -> Result<Result<Built, String>, Failed> {
    static BUILT: OnceLock<Result<Result<Built, String>, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build().map_err(|failed| failed.message().unwrap_or_default().to_owned()));
    Ok(built.clone()?)
}

fn build() -> Result<Result<Built, String>, Failed> {
    let tools = match tools()? {
        Ok(tools) => tools,
        Err(missing) => return Ok(Err(missing)),
    };
    let mut inputs = tools.requirements.clone();
    read_sources(&sdk().join("src"), &mut inputs)?;
    let build = |(plugin, guest): &(&'static str, &str)| Ok((*plugin, build_guest(guest, &tools, inputs.clone())?));
    Ok(Ok(side_by_side(&GUESTS, build).into_iter().collect::<Result<_, Failed>>()?))
}

/// Makes a virtual environment with the pinned toolchain, unless it is there.
fn install(folder: &Path, requirements: &[u8]) -> Result<(), String> {
    let (environment, installed) = (folder.join(".venv"), folder.join("installed"));
    if fs::read(&installed).is_ok_and(|before| before == requirements) {
        return Ok(());
    }
    said(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--retries", "1", "--requirement"]).arg(sdk().join("requirements.txt"));
    pip.arg("--requirement").arg(guests::root().join(CLIENTS));
    said(&mut pip)?;
    fs::write(installed, requirements).map_err(|error| error.to_string())
}

fn build_guest(guest: &str, tools: &Tools, mut inputs: Vec<u8>) -> Result<Vec<u8>, Failed> {
    let source = guests::root().join(guest);
    read_sources(&source, &mut inputs)?;
    let name = guest.replace('/', "-");
    let (component, built_of) =
        (tools.folder.join(format!("{name}.wasm")), tools.folder.join(format!("{name}.built-of")));
    if fs::read(&built_of).is_ok_and(|before| before == inputs) {
        return Ok(fs::read(component)?);
    }
    tools.build(&source.join("app.py"), &component)?;
    fs::write(built_of, inputs)?;
    Ok(fs::read(component)?)
}

/// The inputs that decide what a component is.
fn read_sources(folder: &Path, inputs: &mut Vec<u8>) -> Result<(), Failed> {
    let mut paths: Vec<_> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_sources(&path, inputs)?;
        } else if path.extension().is_some_and(|extension| extension == "py" || extension == "wit") {
            inputs.extend(fs::read(path)?);
        }
    }
    Ok(())
}

/// Runs a command to its end; what it said, as an error if it failed.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned();
    if output.status.success() { Ok(text) } else { Err(format!("{command:?} failed: {text}")) }
}

fn on_the_host(built: &Built) -> Result<(), Failed> {
    let site = Site::new(&[]);
    for plugin in ["product-import", "guest"] {
        site.put_bytes(plugin, &built[plugin]);
    }
    site.configure("[plugins.guest]\nvariables = { TOKEN = \"granted\" }\n");
    let mut host = site.serve(&["--retry-interval", "1ms"], &[])?;
    let send = |event: &str, data: &str| {
        let said = site.ask(&host, &["send", event, data, "--wait", "--json"], &[]);
        (said.code, said.lines())
    };
    product_import(&host, &send);
    tour(&send);
    failure(&send);
    let run = replays(&send);
    is_logged_once(&mut host, &run);
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}

/// Retries, and a handler that sees what had been done.
fn product_import(host: &Host, send: &Send<'_>) {
    let (code, lines) = send("shop/product.imported", r#"{"sku":"A-1001"}"#);
    assert_eq!((code, &lines[1]["output"]), (0, &json!("A-1001 imported with 3 images")), "{lines:?}");

    let (code, lines) = send("shop/product.imported", r#"{"sku":"A-1001","shop_api":"down"}"#);
    let (run, handler) = (&lines[1], &lines[2]);
    assert_eq!((code, lines.len()), (3, 3), "{lines:?}");
    assert_eq!((&run["output"]["name"], &run["output"]["code"]), (&json!("ShopUnavailable"), &json!("SHOP_503")));
    let told = handler["output"].as_str().expect("a message");
    let wanted =
        "The import of A-1001 failed (ShopUnavailable: the shop's API is down for maintenance (503)); its 3 images";
    assert!(told.starts_with(wanted), "{told}");
    let journal = examples::journal(host, run);
    let count = |what: &str, step: &str| {
        journal.iter().filter(|line| line["what"] == what && line["step"]["id"] == step).count()
    };
    assert_eq!((count("step_completed", "fetch-images"), count("step_retry", "save-products")), (1, 2), "{journal:#?}");
}

/// Side by side, a sleep, waits, an invocation, retries, a caught error and a granted variable.
fn tour(send: &Send<'_>) {
    let (code, lines) = send("python/tour", r#"{"id":7}"#);
    let wanted = json!({
        "gathered": [0, 1, 4, 9],
        "paid": { "id": 7, "coupon": "half" },
        "never": null,
        "retried": 1,
        "caught": ["SoldOut", "SOLD_OUT", { "sku": "A1" }, "KeyError"],
        "invoked": 3.5,
        "variable": "granted",
    });
    assert_eq!((code, &lines[1]["output"]), (0, &wanted), "{lines:?}");
}

/// An error of the body out of a task group: its code, attributes, cause and traceback, with the lines of the source.
fn failure(send: &Send<'_>) {
    let (code, lines) = send("python/fails", r#"{"id":7}"#);
    assert_eq!((code, lines.len()), (3, 3), "{lines:?}");
    let mut told = lines[2]["output"].clone();
    let stack = told.as_object_mut().and_then(|told| told.remove("stack")).expect("a stack");
    let wanted = json!({
        "told": "SoldOut: A1 is sold out",
        "code": "SOLD_OUT",
        "details": { "sku": "A1" },
        "cause": "KeyError: 'stock'",
        "attempt": 1,
        "order": 7,
        "kept": { "reservation": 7 },
    });
    assert_eq!(told, wanted);
    let frame = "in sells_out\n    raise SoldOut(\"A1\") from error\n";
    assert!(stack.as_str().is_some_and(|stack| stack.contains(frame) && !stack.contains("stepwell")), "{stack}");
}

/// The run's clock and randomness; the run's id.
fn replays(send: &Send<'_>) -> String {
    let (code, lines) = send("python/same", "{}");
    assert_eq!((code, &lines[1]["output"]), (0, &json!([true, true, true, true])), "{lines:?}");
    lines[1]["run_id"].as_str().expect("an id").to_owned()
}

/// Lines that the body has logged and printed, once each; a log may be written a little after its run's end.
fn is_logged_once(host: &mut Host, run: &str) {
    let log = host.wait_for("the log", |host| {
        let log = host.get(&format!("/api/v1/runs/{run}"))["log"].as_array()?.clone();
        (log.len() >= 2).then_some(log)
    });
    let messages: Vec<_> = log.iter().map(|line| &line["message"]).collect();
    assert_eq!(messages, ["kept", "printed"], "{log:#?}");
}

/// Requests of `httpx`, `requests` and `urllib` go to what is granted and nowhere else; sockets are refused with words.
fn http_clients(built: &Built) -> Result<(), Failed> {
    let (site, server) = (Site::new(&[]), Server::new());
    site.put_bytes("clients", &built["clients"]);
    site.configure(&format!("[plugins.clients]\nprivate_hosts = [\"{}\"]\n", server.address()));
    let mut host = site.serve(&[], &[])?;
    let data = json!({ "url": server.url(""), "zone": "America/New_York" }).to_string();
    let said = site.ask(&host, &["send", "python/clients", &data, "--wait", "--json"], &[]);
    let output = &said.lines()[1]["output"];
    for (step, wanted) in [
        ("async httpx", json!([200, "POST 7 bytes", 100_000])),
        ("httpx", json!(["PUT 70001 bytes", 404])),
        ("requests", json!(["PUT 100000 bytes with the secret", 200, "hello"])),
        ("urllib", json!("hello")),
        ("a redirect", json!([302, "hello"])),
        ("gzip", json!(1 << 20)),
        ("megabytes", json!(9_000_000)),
        ("a token", json!({ "a": 1 })),
        ("anyio's", json!(1)),
        ("a zone", json!("2026-07-01T08:00:00-04:00")),
    ] {
        assert_eq!(output[step], wanted, "{step}: {output:#}");
    }
    for (step, words) in [
        ("what is not granted", "denied.example is not granted to this plugin"),
        ("a redirect to what is not granted", "denied.example is not granted to this plugin"),
        ("who never answers", "timed out"),
        ("a socket", "a plugin has no sockets: use ctx.step.fetch"),
        ("asyncio's", "a plugin has no sockets: use ctx.step.fetch"),
        ("no zone", "No time zone found with key Mars/Olympus"),
    ] {
        let told = output[step].as_str().unwrap_or_default();
        assert!(told.contains(words), "{step}: {output:#}");
    }
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}

/// The advice to each of these modules.
fn bad_builds(tools: &Tools) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let app = folder.path().join("app.py");
    let functions = "from stepwell import function, plugin\n@function(id='f')\nasync def f(ctx): pass\nplugin(f)\n";
    for (source, words) in [
        ("import nowhere\n", "pip install"),
        ("def (:\n", "app.py"),
        ("import ctypes\n", "the Python of a plugin has no _ctypes"),
        ("import threading\nthreading.Thread(target=print).start()\n", "a plugin has no threads"),
        ("open('/etc/hostname').read()\n", "a plugin has no files"),
    ] {
        fs::write(&app, format!("{source}{functions}"))?;
        let failed = tools.build(&app, &folder.path().join("plugin.wasm"));
        let said = failed.expect_err("it cannot be built").message().unwrap_or_default().to_owned();
        assert!(said.contains(words), "{source}: {said}");
    }
    Ok(())
}
