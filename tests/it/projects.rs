//! From `stepwell new` to a plugin that is swapped as it is edited, in each language, as someone new to it goes.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Completion, Failed, Trial};
use serde_json::{Value, json};

use crate::guests;
use crate::languages::all;
use crate::process::{Host, Said, Site};
use crate::{python, typescript};

/// A project in a language.
struct Project {
    lang: &'static str,
    /// How its own test is run.
    test: &'static str,
    source: &'static str,
    /// A line that no compiler takes, and what it says of it.
    broken: (&'static str, &'static str),
    error: &'static str,
    /// A module in a folder named `build`, outside of the project where the language lets it be, and what it holds.
    shared: (&'static str, &'static str),
    /// Parts of the source, and what replaces them to use it.
    uses: &'static [(&'static str, &'static str)],
}

const RUST: Project = Project {
    lang: "rust",
    test: "cargo test --quiet",
    source: "src/lib.rs",
    broken: ("const X: u32 = no_such_name;\n", "cannot find value `no_such_name`"),
    error: "BadAddress",
    shared: ("common/build/greeting.rs", "pub const GREETING: &str = \"Hello, \";\n"),
    uses: &[
        ("use serde::", "#[path = \"../../common/build/greeting.rs\"]\nmod greeting;\n\nuse serde::"),
        ("format!(\"Welcome, {email}!\")", "format!(\"{}{email}!\", greeting::GREETING)"),
    ],
};
const TYPESCRIPT: Project = Project {
    lang: "ts",
    test: "npm test",
    source: "src/index.ts",
    broken: ("const x = );\n", "Unexpected \")\""),
    error: "RangeError",
    shared: ("common/build/greeting.ts", "export const GREETING = 'Hello, ';\n"),
    uses: &[
        ("import {", "import { GREETING } from '../../common/build/greeting.ts';\nimport {"),
        ("`Welcome, ${email}!`", "`${GREETING}${email}!`"),
    ],
};
const PYTHON: Project = Project {
    lang: "py",
    test: ".venv/bin/python -m unittest",
    source: "app.py",
    broken: ("x = )\n", "SyntaxError: unmatched ')'"),
    error: "ValueError",
    shared: ("shop/build/greeting.py", "GREETING = \"Hello, \"\n"),
    uses: &[
        ("from stepwell", "from build.greeting import GREETING\nfrom stepwell"),
        ("f\"Welcome, {email}!\"", "f\"{GREETING}{email}!\""),
    ],
};

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("projects::rust", || goes(&RUST, None)),
        Trial::ignorable_test("projects::typescript", || match typescript::built()? {
            Ok(built) => goes(&TYPESCRIPT, Some(&built.join("sdk"))).map(|()| Completion::Completed),
            Err(missing) => Ok(Completion::ignored_with(missing.as_str())),
        }),
        Trial::ignorable_test("projects::python", || match python::tools()? {
            Ok(_) => goes(&PYTHON, None).map(|()| Completion::Completed),
            Err(missing) => Ok(Completion::ignored_with(missing)),
        }),
        Trial::test("projects::components_are_put_where_they_are_wanted", builds),
        Trial::test("projects::doctor_says_what_is_missing_and_how_to_get_it", examines),
    ]
}

/// The site's commands, with the SDKs of this folder rather than those beside the executable.
struct Bench<'a> {
    site: &'a Site,
    sdk: Option<&'a Path>,
}

impl Bench<'_> {
    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.site.command(arguments);
        command.env_remove("VIRTUAL_ENV").envs(self.sdk.map(|sdk| ("STEPWELL_SDK", sdk)));
        command
    }

    /// A new project; what was compiled once for these tests serves the next one too.
    fn project(&self, lang: &str) -> Result<PathBuf, Failed> {
        let said = Said::of(&mut self.command(&["new", "shop", "--lang", lang]));
        assert!(said.code == 0 && said.stderr.contains("stepwell dev ."), "{said:?}");
        let folder = self.site.path().join("shop");
        if lang == "rust" {
            let root = guests::root().canonicalize()?;
            let shared = format!("[build]\ntarget-dir = {:?}\n", root.join("target/tests/projects"));
            fs::create_dir(folder.join(".cargo"))?;
            fs::write(folder.join(".cargo/config.toml"), shared)?;
            fs::copy(root.join("guest-examples/rust/Cargo.lock"), folder.join("Cargo.lock"))?;
        }
        Ok(folder)
    }
}

fn goes(project: &Project, sdk: Option<&Path>) -> Result<(), Failed> {
    let site = Site::new(&[]);
    let bench = Bench { site: &site, sdk };
    let folder = bench.project(project.lang)?;
    let mut host = Host::start(bench.command(&["dev", "shop", "--listen", "127.0.0.1:0", "--retry-interval", "1ms"]))?;
    let send = |host: &Host, data: &str| site.ask(host, &["send", "app/user.signed-up", data, "--wait", "--json"], &[]);
    let welcome = |host: &Host| send(host, "@shop/event.json").lines()[1]["output"].clone();
    assert_eq!(welcome(&host), "Welcome, ada@example.com!", "{}", host.log());

    let failed = send(&host, r#"{"email":"nobody"}"#);
    let lines = failed.lines();
    let outcome = |line: &Value| (line["status"].clone(), line["function_id"].clone());
    assert_eq!((failed.code, lines.len()), (3, 3), "{failed:?}");
    assert_eq!((&lines[1]["status"], &lines[1]["output"]["name"]), (&json!("Failed"), &json!(project.error)));
    assert_eq!(lines[2]["status"], json!("Completed"), "{:?}", outcome(&lines[2]));

    let file = folder.join(project.source);
    let source = fs::read_to_string(&file)?;
    fs::write(&file, format!("{source}{}", project.broken.0))?;
    host.wait_for("the failed build", |host| host.log().contains("what was live before still is").then_some(()));
    assert!(host.log().contains(project.broken.1), "the compiler's message is told:\n{}", host.log());
    assert_eq!(welcome(&host), "Welcome, ada@example.com!", "the last good version stays live");

    let swaps = |host: &Host| host.log().matches("is live in place of").count();
    let shared = site.path().join(project.shared.0);
    fs::create_dir_all(shared.parent().expect("a folder"))?;
    fs::write(&shared, project.shared.1)?;
    let using = project.uses.iter().fold(source.clone(), |source, (from, to)| source.replacen(from, to, 1));
    fs::write(&file, using)?;
    host.wait_for("the next good build", |host| (swaps(host) == 1).then_some(()));
    assert_eq!(welcome(&host), "Hello, ada@example.com!");
    fs::write(&shared, project.shared.1.replace("Hello", "Good day"))?;
    host.wait_for("what the build has read elsewhere", |host| (swaps(host) == 2).then_some(()));
    assert_eq!(welcome(&host), "Good day, ada@example.com!");
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    fs::write(&file, source)?;
    Ok(all(&[project.test], &folder)?)
}

fn builds() -> Result<(), Failed> {
    let site = Site::new(&[]);
    let bench = Bench { site: &site, sdk: None };
    bench.project("rust")?;
    let said = Said::of(&mut bench.command(&["build", "shop", "-o", "plugins/welcome.wasm"]));
    assert!(said.code == 0 && said.stderr.contains("plugins/welcome.wasm"), "{said:?}");
    let said = Said::of(&mut bench.command(&["check", "plugins/welcome.wasm"]));
    assert!(said.code == 0 && said.stdout.contains("app/user.signed-up"), "{said:?}");
    let said = Said::of(&mut bench.command(&["build", "shop", "--inngest"]));
    assert!(said.code == 2 && said.stderr.contains("--inngest is for plugins in TypeScript"), "{said:?}");
    Ok(())
}

/// On a machine without tools all is missing; what there is where these tests run is found.
fn examines() -> Result<(), Failed> {
    let site = Site::new(&[]);
    let bare = Said::of(site.command(&["doctor"]).env("PATH", ""));
    let cures =
        ["rustup.rs", "rustup target add wasm32-wasip2", "nodejs.org", "python.org", "apt install python3-venv"];
    assert!(bare.code == 1 && cures.iter().all(|cure| bare.stdout.contains(cure)), "{bare:?}");
    let said = Said::of(site.command(&["new", "shop", "--lang", "rust"]).env("PATH", ""));
    assert_eq!(said.code, 0, "{said:?}");
    let said = Said::of(site.command(&["build", "shop"]).env("PATH", "").env_remove("CARGO"));
    assert!(said.code == 1 && said.stderr.contains("cargo is not there") && said.stderr.contains("doctor"), "{said:?}");
    let report = Said::of(&mut site.command(&["doctor", "--lang", "rust", "--json"])).json();
    let cargo = &report["Rust"][0];
    assert!(cargo["found"].as_str().is_some_and(|found| found.starts_with("cargo 1.")), "{report}");
    Ok(())
}
