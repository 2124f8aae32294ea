//! Guests in other languages, built from source with their own tools, where a machine has these.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use libtest_mimic::{Completion, Failed, Trial};
use serde_json::{Value, json};

use crate::guests;
use crate::process::{Host, Site};

/// A guest below tests/guests that needs more than the Rust toolchain.
struct Guest {
    name: &'static str,
    /// The inputs of its build, beside the contract.
    sources: &'static [&'static str],
    /// Commands that tell whether the tools are there.
    tools: &'static [&'static str],
    /// Commands that fetch packages.
    install: &'static [&'static str],
    build: &'static str,
    component: &'static str,
}

const GUESTS: [Guest; 2] = [
    Guest {
        name: "trial-typescript",
        sources: &[
            "build.mjs",
            "package.json",
            "package-lock.json",
            "tsconfig.json",
            "src/driver.ts",
            "src/failure.ts",
            "src/plugin.ts",
        ],
        tools: &["node --version", "npm --version"],
        install: &["npm ci --no-audit --no-fund --fetch-retries=1 --fetch-retry-mintimeout=1000"],
        build: "npm run build",
        component: "dist/trial-typescript.wasm",
    },
    Guest {
        name: "trial-python",
        sources: &["app.py", "driver.py", "failure.py", "requirements.txt", "build.sh"],
        tools: &["python3 --version"],
        install: &["python3 -m venv .venv", ".venv/bin/pip install --quiet --retries 1 --requirement requirements.txt"],
        build: "sh build.sh",
        component: "trial-python.wasm",
    },
];

pub fn trials() -> Vec<Trial> {
    let trial = |guest: &'static Guest| {
        Trial::ignorable_test(format!("languages::{}", guest.name), move || match guest.component()? {
            Ok(component) => runs(guest.name, &component).map(|()| Completion::Completed),
            Err(missing) => Ok(Completion::ignored_with(missing)),
        })
    };
    GUESTS.iter().map(trial).collect()
}

impl Guest {
    /// The component's bytes, or what this machine lacks to build it.
    fn component(&self) -> Result<Result<Vec<u8>, String>, Failed> {
        if let Err(missing) = all(self.tools, Path::new(".")) {
            return Ok(Err(missing));
        }
        // As deep as the guest's own folder: its way to the contract is the same.
        let folder = guests::root().join("target/tests").join(self.name);
        let (component, inputs) = (folder.join(self.component), self.inputs()?);
        let built_of = folder.join("built-of");
        if fs::read(&built_of).is_ok_and(|before| before == inputs) {
            return Ok(Ok(fs::read(component)?));
        }
        let _ = fs::remove_dir_all(&folder);
        for source in self.sources {
            let copy = folder.join(source);
            fs::create_dir_all(copy.parent().expect("a file is in a folder"))?;
            fs::copy(self.source(source), copy)?;
        }
        if let Err(missing) = all(self.install, &folder) {
            return if is_ours(&missing) { Err(missing.into()) } else { Ok(Err(missing)) };
        }
        all(&[self.build], &folder)?;
        fs::write(built_of, inputs)?;
        Ok(Ok(fs::read(component)?))
    }

    fn source(&self, name: &str) -> PathBuf {
        guests::root().join("tests/guests").join(self.name).join(name)
    }

    /// The inputs that decide what the component is.
    fn inputs(&self) -> Result<Vec<u8>, Failed> {
        let sources = self.sources.iter().map(|source| self.source(source));
        let files = sources.chain([guests::root().join("wit/stepwell.wit")]).map(fs::read);
        Ok(files.collect::<Result<Vec<_>, _>>()?.concat())
    }
}

/// Does it with each, as many at a time as there are cores; the results in no order.
pub fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push(work(item));
        }
        done
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("what fails is an error")).collect()
    })
}

/// Runs the commands in a folder; what the first that fails says.
pub fn all(commands: &[&str], folder: &Path) -> Result<(), String> {
    for text in commands {
        let words: Vec<_> = text.split(' ').collect();
        let output = Command::new(words[0]).args(&words[1..]).current_dir(folder).output();
        let place = folder.display();
        let output = output.map_err(|error| format!("{place}: {text}: {error}"))?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            return Err(format!("{place}: {text} failed: {}", String::from_utf8_lossy(&said).trim()));
        }
    }
    Ok(())
}

/// Whether packages could not be had by a mistake of ours, as by a lock that does not fit, and none of the machine's.
pub fn is_ours(missing: &str) -> bool {
    missing.contains("EUSAGE")
}

/// Steps in sequence and side by side, and a failure with its cause that the handler reports.
fn runs(name: &str, component: &[u8]) -> Result<(), Failed> {
    let site = Site::new(&[]);
    site.put_bytes(name, component);
    let mut host = site.serve(&["--retry-interval", "1ms"], &[])?;
    let send = |event: &str| site.ask(&host, &["send", event, "--wait", "--json"], &[]);

    let went = send("trial/go");
    let run = &went.lines()[1];
    assert_eq!((went.code, &run["output"]), (0, &json!({ "one": 1, "two": 2, "left": 3, "right": 4 })));
    assert_eq!(steps(&host, run), ["left", "one", "right", "two"], "each step ran once");

    let failed = send("trial/fail");
    let lines = failed.lines();
    let (run, handler) = (&lines[1], &lines[2]);
    assert_eq!((failed.code, lines.len()), (3, 3), "one run failed, one handled it: {failed:?}");
    assert_eq!(run["output"]["message"], "the card was declined");
    assert_eq!(run["output"]["cause"]["message"], "no funds", "{run}");
    let reported = json!({
        "message": "the card was declined",
        "cause": "no funds",
        "step": "breaks",
        "kept": { "reservation": 7 },
    });
    assert_eq!((&handler["status"], &handler["output"]), (&json!("Completed"), &reported));
    assert_eq!((steps(&host, run), steps(&host, handler)), (vec!["kept".to_owned()], vec!["report".to_owned()]));
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}

/// The steps that a run completed, by name.
pub fn steps(host: &Host, run: &Value) -> Vec<String> {
    let run = host.get(&format!("/api/v1/runs/{}", run["run_id"].as_str().expect("an id")));
    let lines = run["journal"].as_array().expect("a journal").iter();
    let completed = lines.filter(|line| line["what"] == "step_completed");
    let mut steps: Vec<_> = completed.filter_map(|line| line["step"]["id"].as_str().map(str::to_owned)).collect();
    steps.sort();
    steps
}
