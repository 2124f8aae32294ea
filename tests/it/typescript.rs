//! The TypeScript SDK: its own tests, and plugins that are built with it from source and run on the host.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libtest_mimic::{Completion, Failed, Trial};
use serde_json::{Value, json};

use crate::examples;
use crate::guests;
use crate::languages::{all, is_ours, side_by_side, steps};
use crate::process::{Host, Said, Site};

const SDK: &str = "sdk/typescript";
pub const GUEST: &str = "tests/guests/sdk-typescript";
pub const FUNCTIONS: &str = "tests/guests/inngest-functions";
const LOCALES: &str = "tests/guests/locales-typescript";
pub const CAPTURES: &str = "tests/guests/captures-typescript";
pub const PACKAGES: &str = "tests/packages";
const EXAMPLES: [&str; 3] = [
    "guest-examples/typescript/hello",
    "guest-examples/typescript/product-import",
    "guest-examples/typescript/failure-reporter",
];
/// The plugins of `examples::SAME`.
const SAME: [&str; 4] = [
    "guest-examples/typescript/order-saga",
    "guest-examples/typescript/fan-out",
    "guest-examples/typescript/onboarding",
    "guest-examples/typescript/ask-model",
];

pub const SEED: [&str; 2] =
    ["guest-examples/typescript/inngest-slack-alert", "guest-examples/typescript/inngest-sentry-reporter"];

/// Folders that are made and not written: they are not copied.
const MADE: [&str; 2] = ["node_modules", "dist"];

const INSTALL: &str = "npm ci --no-audit --no-fund --fetch-retries=1 --fetch-retry-mintimeout=1000";

/// Of a folder that has all of them at their places, with components built; or why this machine cannot build them.
type Built = Result<Result<PathBuf, String>, String>;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("typescript::keeps_to_the_vectors", |folder| Ok(all(&["npm test"], &folder.join(SDK))?)),
        trial("typescript::runs_on_the_host", runs),
        trial("typescript::handlers_get_errors_rebuilt", rebuilds),
        trial("typescript::odd_functions_are_told_clearly", odd),
        trial("typescript::locales_and_time_zones_are_those_asked_for", locales),
        trial("typescript::examples", older_examples),
        trial("examples::typescript", |folder| {
            let component = |plugin: &str| component(folder, &format!("guest-examples/typescript/{plugin}"));
            examples::on_the_host(component)
        }),
        trial("typescript::examples_own_tests", |folder| {
            EXAMPLES.iter().chain(&SAME).try_for_each(|example| Ok(all(&["npm test"], &folder.join(example))?))
        }),
    ]
}

/// A test with the folder that all is built in, on a machine that can.
pub fn trial(name: &str, test: fn(&Path) -> Result<(), Failed>) -> Trial {
    Trial::ignorable_test(name, move || match built()? {
        Ok(folder) => test(folder).map(|()| Completion::Completed),
        Err(missing) => Ok(Completion::ignored_with(missing.as_str())),
    })
}

/// The folder in which the SDK and the plugins are built, or why this machine cannot build them.
pub fn built() -> Result<Result<&'static PathBuf, &'static String>, Failed> {
    static BUILT: OnceLock<Built> = OnceLock::new();
    let built = BUILT.get_or_init(|| build().map_err(|failed| failed.message().unwrap_or_default().to_owned()));
    Ok(built.as_ref().map_err(Failed::from)?.as_ref())
}

/// Builds the SDK and the plugins in a copy of their folders, unless they are what they were.
fn build() -> Result<Result<PathBuf, String>, Failed> {
    if let Err(missing) = all(&["node --version", "npm --version"], Path::new(".")) {
        return Ok(Err(missing));
    }
    let folder = guests::root().join("target/tests/typescript");
    let plugins =
        || [GUEST, FUNCTIONS, CAPTURES, LOCALES, PACKAGES].into_iter().chain(EXAMPLES).chain(SAME).chain(SEED);
    let mut files = Vec::new();
    for source in [SDK].into_iter().chain(plugins()) {
        written(Path::new(source), &mut files)?;
    }
    let inputs = files.iter().map(|file| fs::read(guests::root().join(file))).collect::<Result<Vec<_>, _>>()?.concat();
    let built_of = folder.join("built-of");
    if fs::read(&built_of).is_ok_and(|before| before == inputs) {
        return Ok(Ok(folder));
    }
    let _ = fs::remove_dir_all(&folder);
    for file in &files {
        let copy = folder.join(file);
        fs::create_dir_all(copy.parent().expect("a file is in a folder"))?;
        fs::copy(guests::root().join(file), copy)?;
    }
    // The plugins' bundler is the SDK's, as soon as that is built.
    if let Err(missing) = make(&folder.join(SDK))? {
        return Ok(Err(missing));
    }
    let compiler = folder.join(SDK).join("node_modules/.bin/tsc");
    let make_plugin = |plugin: &&str| {
        let folder = folder.join(plugin);
        let made = make(&folder)?;
        if made.is_ok() {
            all(&[&format!("{} --project .", compiler.display())], &folder)?;
        }
        Ok::<_, Failed>(made)
    };
    for made in side_by_side(&plugins().collect::<Vec<_>>(), make_plugin) {
        if let Err(missing) = made? {
            return Ok(Err(missing));
        }
    }
    fs::write(built_of, inputs)?;
    Ok(Ok(folder))
}

/// Fetches a folder's packages and builds it; or why this machine cannot have them.
fn make(folder: &Path) -> Result<Result<(), String>, Failed> {
    if let Err(missing) = all(&[INSTALL], folder) {
        return if is_ours(&missing) { Err(missing.into()) } else { Ok(Err(missing)) };
    }
    Ok(Ok(all(&["npm run build"], folder)?))
}

/// The files of a folder of the repository that someone has written, those behind links included, but for its pages.
fn written(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failed> {
    let mut entries = fs::read_dir(guests::root().join(folder))?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = folder.join(entry.file_name());
        if fs::metadata(entry.path())?.is_file() {
            if path.extension().is_none_or(|end| end != "md") {
                files.push(path);
            }
        } else if !MADE.iter().any(|made| entry.file_name() == *made) {
            written(&path, files)?;
        }
    }
    Ok(())
}

/// The component of a plugin that is built there.
pub fn component(folder: &Path, plugin: &str) -> Result<Vec<u8>, Failed> {
    Ok(fs::read(folder.join(plugin).join(format!("dist/{}.wasm", name(plugin))))?)
}

fn name(plugin: &str) -> &str {
    Path::new(plugin).file_name().and_then(|name| name.to_str()).expect("plugins have names")
}

/// A host with these plugins.
fn serve(folder: &Path, plugins: &[&str]) -> Result<(Site, Host), Failed> {
    serve_with(folder, plugins, "[plugins.sdk-typescript.variables]\nGREETING = \"hello\"\n")
}

/// The same with this configuration.
pub fn serve_with(folder: &Path, plugins: &[&str], configuration: &str) -> Result<(Site, Host), Failed> {
    let site = Site::new(&[]);
    site.configure(configuration);
    for plugin in plugins {
        site.put_bytes(name(plugin), &component(folder, plugin)?);
    }
    let host = site.serve(&["--event-key", "test", "--retry-interval", "1ms"], &[])?;
    Ok((site, host))
}

/// Sends an event and waits for what it starts.
pub fn send(site: &Site, host: &Host, event: &str, data: &Value) -> Said {
    site.ask(host, &["send", event, &data.to_string(), "--wait", "--json"], &[("STEPWELL_EVENT_KEY", "test")])
}

/// Sequence, side by side, races, sleeps, waits, retries; variables by grant; randomness that is the same in each pass.
fn runs(folder: &Path) -> Result<(), Failed> {
    let (site, mut host) = serve(folder, &[GUEST])?;
    let went = send(&site, &host, "ts/works", &json!({}));
    let run = &went.lines()[1];
    let wanted = json!({
        "at": "1970-01-01T00:00:00.000Z", "left": 1, "right": 2, "first": "fast", "isSame": true, "variable": "hello",
    });
    assert_eq!((went.code, &run["output"]), (0, &wanted), "{run}");
    assert_eq!(steps(&host, run), ["fast", "kept", "left", "one", "right"]);

    let retried = send(&site, &host, "ts/retries", &json!({}));
    assert_eq!(retried.lines()[1]["output"], json!({ "steps": 1, "attempt": 1 }));

    let event = host.send(&json!({ "name": "ts/waits", "data": { "order": 7 } })).expect("it is acknowledged");
    let runs = format!("/v1/events/{event}/runs");
    host.wait_for("the run to wait", |host| {
        let id = host.get(&runs)["data"][0]["run_id"].as_str()?.to_owned();
        let run = host.get(&format!("/api/v1/runs/{id}"));
        run["journal"].as_array()?.iter().any(|line| line["step"]["id"] == "paid").then_some(())
    });
    for (order, amount) in [(8, 1), (7, 2)] {
        host.send(&json!({ "name": "ts/paid", "data": { "order": order, "amount": amount } }));
    }
    let output = host.wait_for("the run's end", |host| {
        let run = host.get(&runs)["data"][0].clone();
        (run["status"] == "Completed").then(|| run["output"].clone())
    });
    assert_eq!(output, json!(2), "the event of the same order");
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}

/// A handler gets a RangeError with its cause, code and fields, and a stack in the lines of the source.
fn rebuilds(folder: &Path) -> Result<(), Failed> {
    let (site, mut host) = serve(folder, &[GUEST])?;
    let lines = send(&site, &host, "ts/fails", &json!({})).lines();
    let (run, handler) = (&lines[1], &lines[2]);
    let told = json!({
        "isRangeError": true, "message": "the card was declined", "code": "E_DECLINED", "order": { "id": 7 },
        "step": "breaks", "cause": "no funds", "kept": { "reservation": 7 }, "isOwnRun": true,
    });
    assert_eq!((&run["status"], &handler["output"]), (&json!("Failed"), &told), "{handler}");
    let stack = run["output"]["stack"].as_str().expect("a stack");
    let source = fs::read_to_string(folder.join(GUEST).join("src/index.ts"))?;
    let line = source.lines().position(|line| line.contains("throw new DeclinedError")).expect("it is there") + 1;
    assert!(stack.starts_with("RangeError: the card was declined\n    at "), "{stack}");
    assert!(stack.contains(&format!("at charge (src/index.ts:{line}:")), "{stack}");
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}

/// Whatever is thrown or returned, nested or forgotten, comes to an end that says what it was.
fn odd(folder: &Path) -> Result<(), Failed> {
    let (site, mut host) = serve(folder, &[GUEST])?;
    let done = |what: &str| {
        let said = send(&site, &host, "ts/odd", &json!({ "what": what }));
        let run = said.lines()[1].clone();
        (run["output"]["name"].as_str().unwrap_or_default().to_owned(), run["output"].clone())
    };
    let fails = |what: &str, name: &str, message: &str| {
        let (named, output) = done(what);
        let said = output["message"].as_str().unwrap_or_default();
        assert!(named == name && said.contains(message), "{what}: {output}");
    };
    fails("text", "Error", "str");
    fails("nothing", "Error", "undefined");
    fails("bigint", "TypeError", "BigInt");
    fails("banana", "TypeError", "\"banana\" is no duration");
    fails("nested", "NestedStepError", "reached operation \"inner\" inside its closure");
    fails("nested later", "NestedStepError", "reached operation \"inner\" inside its closure");
    fails("stalls", "Panic", "the function awaits something that never comes");
    fails("step stalls", "Panic", "step \"a\" awaits something that never comes");
    assert_eq!(done("circle").1, json!({ "a": 1, "self": "[Circular ~]" }));
    assert_eq!(done("caught").1, "{\"foo\":\"bar\"}");
    assert_eq!(done("any").1, "b");
    assert_eq!(done("forgotten").1, "done");
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}

/// By `Intl` and by packages; what cannot be honoured says so.
fn locales(folder: &Path) -> Result<(), Failed> {
    let (site, mut host) = serve(folder, &[LOCALES])?;
    let told = send(&site, &host, "locales/tells", &json!({})).lines()[1]["output"].clone();
    let wanted = json!({
        "newYork": "November 14, 2023, 5:13\u{202f}PM",
        "german": "Mittwoch, 15. November",
        "number": "1.234.567,891",
        "currency": "R$\u{a0}1.234,50",
        "plain": ["11/14/2023, 10:13:20\u{202f}PM", "11:13:20\u{202f}PM"],
        "dayjs": "2023-11-14 17:13 -05:00",
        "dayjsParsed": "2024-07-01T07:00:00.000Z",
        "luxon": "Mittwoch 03:43 +05:30",
        "luxonParsed": "2024-03-31T03:30:00.000+02:00",
        "marked": "<h1>Grüße, <em>Ada</em></h1>\n<ul>\n<li>eins</li>\n<li>zwei</li>\n</ul>\n",
        "letters": ["Grüße", "αβγ"],
        "normalized": [2, "fi"],
    });
    let wanted = wanted.as_object().expect("an object");
    let other: Vec<_> = wanted.iter().filter(|(name, value)| told[name.as_str()] != **value).collect();
    assert!(other.is_empty(), "{other:?} in {told}");
    for (name, part) in [
        ("noLocale", r#"the locale "fr-FR" is not in this plugin: name it in package.json"#),
        ("noZone", "RangeError: Invalid time"),
        ("noOrder", "compares texts by their code units"),
        ("noProperty", "SyntaxError: invalid property name"),
        ("mail", "<p>Grüße, <b>Ada</b></p>"),
    ] {
        assert!(told[name].as_str().is_some_and(|text| text.replace("<!-- -->", "").contains(part)), "{name}: {told}");
    }
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}

/// The examples do what their readme says; the reporter hears of the importer's failure.
fn older_examples(folder: &Path) -> Result<(), Failed> {
    let (site, mut host) = serve(folder, &EXAMPLES)?;
    let hello = send(&site, &host, "demo/hello", &json!({ "name": "Ada" }));
    assert_eq!(hello.lines()[1]["output"], "Hello, Ada!");

    let imported = send(&site, &host, "shop/product.imported", &json!({ "sku": "A1" }));
    assert_eq!(imported.lines()[1]["output"], "A1 imported with 2 images");

    let lines = send(&site, &host, "shop/product.imported", &json!({ "sku": "A1", "shopIsDown": true })).lines();
    let (run, listeners) = (&lines[1], &lines[2..]);
    assert_eq!((&run["status"], &run["output"]["code"]), (&json!("Failed"), &json!("SHOP_DOWN")));
    assert_eq!(steps(&host, run), ["fetch-images"], "what was done is not done again");
    let told = |start: &str| {
        listeners.iter().any(|run| run["output"].as_str().is_some_and(|output| output.starts_with(start)))
    };
    assert!(told("The import of A1 failed (ShopError: the shop does not take A1); 2 images wait"), "{listeners:?}");
    assert!(told("product-import-import-product-images: ShopError: the shop does not take A1"), "{listeners:?}");
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}
