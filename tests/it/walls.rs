//! Walls of the sandbox: what a plugin may reach, and that a plugin that misbehaves ends its run and nothing else.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::process::{Host, Site};
use crate::witness::Witness;

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("walls::requests_go_where_they_are_granted", requests),
        Trial::test("walls::variables_are_those_granted", variables),
        Trial::test("walls::files_are_not_there", files),
        Trial::test("walls::what_does_not_end_meets_its_deadline", || fails(&["faults"], "deadline = \"1s\"", &LOOPS)),
        Trial::test("walls::what_eats_memory_meets_its_limit", || fails(&["faults"], "memory = \"32MiB\"", &EATERS)),
        Trial::test("walls::what_breaks_ends_its_run", || fails(&["faults"], "", &BREAKS)),
        Trial::test("walls::limits_end_a_run", || fails(&["faults"], "", &LIMITS)),
        Trial::test("walls::mistakes_end_a_run", || fails(&["faults"], "", &MISTAKES)),
        Trial::test("walls::breaches_of_the_contract_end_a_run", || fails(&["rogue"], "", &BREACHES)),
    ]
}

fn serve(site: &Site, grants: &str) -> Result<Host, Failed> {
    site.configure(&format!("[plugins.faults]\n{grants}\n"));
    Ok(site.serve(&["--retry-interval", "1ms", "--event-key", "test"], &[("STEPWELL_TOKEN_OF_THE_HOST", "secret")])?)
}

/// Sends an event, and answers its one run once that has ended.
pub fn run(host: &mut Host, event: &str, data: &Value) -> Value {
    let event = host.send(&json!({ "name": event, "data": data })).expect("accepted");
    let id = host.wait_for("the run's end", |host| {
        let run = &host.get(&format!("/v1/events/{event}/runs"))["data"][0];
        matches!(run["status"].as_str(), Some("Completed" | "Failed"))
            .then(|| run["run_id"].as_str().map(str::to_owned))
    });
    host.get(&format!("/api/v1/runs/{}", id.expect("an id")))
}

/// The fate of a request, and the run's log, which says what would allow it.
#[derive(Clone, Copy)]
enum Wanted {
    Answered,
    Denied { remedy: &'static str },
}

fn requests() -> Result<(), Failed> {
    let witness = Witness::new();
    let port = witness.address().port();
    let denied = |remedy| Wanted::Denied { remedy };
    // Grants → where each request goes, and what becomes of it; PORT stands for the witness's.
    let cases: &[(&str, &[(&str, Wanted)])] = &[
        (
            "",
            &[
                ("http://127.0.0.1:PORT/", denied("hosts = [\"127.0.0.1:PORT\"]")),
                ("http://[::1]:PORT/", denied("hosts = [\"[::1]:PORT\"]")),
                ("http://example.com/", denied("hosts = [\"example.com:80\"]")),
            ],
        ),
        (
            "hosts = [\"*:PORT\", \"*\"]",
            &[
                ("http://127.0.0.1:PORT/", denied("private_hosts = [\"127.0.0.1:PORT\"]")),
                ("http://localhost:PORT/", denied("private_hosts = [\"localhost:PORT\"]")),
                ("http://[::ffff:127.0.0.1]:PORT/", denied("private_hosts")),
                ("http://169.254.169.254/", denied("private_hosts = [\"169.254.169.254:80\"]")),
            ],
        ),
        (
            "private_hosts = [\"127.0.0.1:PORT\"]",
            &[
                ("http://127.0.0.1:PORT/", Wanted::Answered),
                ("http://127.0.0.1:1/", denied("hosts = [\"127.0.0.1:1\"]")),
                ("http://localhost:PORT/", denied("hosts = [\"localhost:PORT\"]")),
            ],
        ),
        ("private_hosts = [\"*:PORT\"]", &[("http://127.0.0.1:PORT/", Wanted::Answered)]),
        // To name a private address can only mean that it is to be reached.
        ("hosts = [\"127.0.0.1:PORT\"]", &[("http://127.0.0.1:PORT/", Wanted::Answered)]),
    ];
    let with_port = |text: &str| text.replace("PORT", &port.to_string());
    let mut answered = 0;
    for (grants, requests) in cases {
        let site = Site::new(&["faults"]);
        let mut host = serve(&site, &with_port(grants))?;
        for (url, wanted) in *requests {
            for function in ["call-url", "call-url-in-body"] {
                let ended = run(&mut host, &format!("faults/{function}"), &json!({ "url": with_port(url) }));
                let fits = match wanted {
                    Wanted::Answered => ended["output"] == 200,
                    Wanted::Denied { remedy } => {
                        let message = ended["log"][0]["message"].as_str().unwrap_or_default();
                        ended["error"]["name"] == "HttpError"
                            && ["was denied", "stepwell.toml", &with_port(remedy)]
                                .iter()
                                .all(|part| message.contains(part))
                    }
                };
                if !fits {
                    return Err(format!("{function} of {url} with {grants:?}: {ended}").into());
                }
                answered += usize::from(matches!(wanted, Wanted::Answered));
            }
        }
    }
    assert_eq!(witness.paths().len(), answered, "what is denied never left the host");
    let site = Site::new(&["faults"]);
    let host = serve(&site, "")?;
    let said = site.ask(
        &host,
        &["send", "faults/call-url", r#"{"url":"http://example.com"}"#, "--wait"],
        &[("STEPWELL_EVENT_KEY", "test")],
    );
    assert!(said.stdout.contains("add hosts = [\"example.com:80\"]"), "who sends is told as well: {said:?}");
    Ok(())
}

fn variables() -> Result<(), Failed> {
    let site = Site::new(&["faults"]);
    let grants = "variables = { REGION = \"eu\" }\nvariables_from_env = [\"STEPWELL_TOKEN_OF_THE_HOST\"]";
    let mut host = serve(&site, grants)?;
    for (name, wanted) in [
        ("REGION", json!("eu")),
        ("STEPWELL_TOKEN_OF_THE_HOST", json!("secret")),
        ("PATH", Value::Null),
        ("STEPWELL_CACHE_DIR", Value::Null),
    ] {
        let ended = run(&mut host, "faults/read-variable", &json!({ "name": name }));
        assert_eq!(ended["output"], wanted, "{name}: {ended}");
    }
    drop(host);
    let mut host = serve(&site, "")?;
    let ended = run(&mut host, "faults/read-variable", &json!({ "name": "STEPWELL_TOKEN_OF_THE_HOST" }));
    assert_eq!(
        (&ended["run"]["status"], &ended["output"]),
        (&json!("Completed"), &Value::Null),
        "not granted any more"
    );
    Ok(())
}

fn files() -> Result<(), Failed> {
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, "")?;
    let own = site.path().join("stepwell.toml");
    for path in ["/etc/passwd", "stepwell.toml", "/", ".", "../../etc/passwd", own.to_str().expect("a path")] {
        let ended = run(&mut host, "faults/read-file", &json!({ "path": path }));
        assert_eq!(ended["error"]["name"], "Error", "{path}: {ended}");
    }
    Ok(())
}

/// An event, where in its function it strikes or what else its data says, and the kind and name of the error.
type Case = (&'static str, &'static str, &'static str, &'static str);

const LOOPS: [Case; 4] = [
    ("faults/loop-forever", "body", "timeout", "Timeout"),
    ("faults/loop-forever", "step", "timeout", "Timeout"),
    ("faults/loop-forever", "handler", "timeout", "Timeout"),
    ("faults/loop-forever-retried-once", "body", "timeout", "Timeout"),
];

const EATERS: [Case; 4] = [
    ("faults/eat-memory", "body", "limit", "OutOfMemory"),
    ("faults/eat-memory", "step", "limit", "OutOfMemory"),
    ("faults/eat-memory", "handler", "limit", "OutOfMemory"),
    ("faults/eat-memory-retried-once", "step", "limit", "OutOfMemory"),
];

const BREAKS: [Case; 8] = [
    ("faults/recurse-endlessly", "body", "trap", "StackOverflow"),
    ("faults/recurse-endlessly", "step", "trap", "StackOverflow"),
    ("faults/recurse-endlessly", "handler", "trap", "StackOverflow"),
    ("faults/recurse-endlessly-retried-once", "body", "trap", "StackOverflow"),
    ("faults/panic", "body", "trap", "Panic"),
    ("faults/panic", "step", "trap", "Panic"),
    ("faults/panic", "handler", "trap", "Panic"),
    ("faults/panic-retried-once", "step", "trap", "Panic"),
];

const LIMITS: [Case; 5] = [
    ("faults/big-step-output", "", "limit", "OutputTooLarge"),
    ("faults/big-result", "", "limit", "OutputTooLarge"),
    ("faults/many-steps", "", "limit", "InngestErrFunctionOverflowed"),
    ("faults/many-big-steps", "", "limit", "InngestErrStateOverflowed"),
    ("faults/long-sleep", "", "limit", "InngestErrTimeoutTooLong"),
];

const MISTAKES: [Case; 4] = [
    ("faults/nested-step", "", "application", "NestedStepError"),
    ("faults/diverge", "", "divergence", "Diverged"),
    ("faults/wait-for-nothing", "", "application", "StalledError"),
    ("faults/no-json", "", "application", "SerializeError"),
];

const BREACHES: [Case; 8] = [
    ("rogue/result-that-is-no-json", "", "application", "InvalidJson"),
    ("rogue/options-that-are-no-json", "", "application", "InvalidOptions"),
    ("rogue/unknown-kind", "", "application", "UnknownOperation"),
    ("rogue/finish-twice", "", "divergence", "NotOpen"),
    ("rogue/plan-twice", "", "divergence", "PlannedTwice"),
    ("rogue/suspend-for-nothing", "", "application", "Stalled"),
    ("rogue/claim-to-be-the-host", "", "application", "Rogue"),
    ("rogue/endless-causes", "", "application", "Rogue"),
];

/// Each run fails as it should, its handler, where it has one, runs exactly once, and the host goes on.
fn fails(plugins: &[&str], bounds: &str, cases: &[Case]) -> Result<(), Failed> {
    let site = Site::new(plugins);
    site.put("hello", "hello");
    let mut host = serve(&site, bounds)?;
    let functions = host.get("/api/v1/functions")["functions"].clone();
    for (event, place, kind, name) in cases {
        let ended = run(&mut host, event, &json!({ "in": place }));
        let id = event.replace('/', "-");
        let function = functions.as_array().and_then(|all| all.iter().find(|one| one["function_id"] == *id));
        let has_handler = function.is_some_and(|function| function["failure_function_id"].is_string());
        let handlers = handlers(&mut host, &ended["run"]["run_id"], usize::from(has_handler));
        // What strikes in the handler leaves the run's own error, and a dead letter.
        let struck = if *place == "handler" { &handlers[0] } else { &ended };
        let handled = if *place == "handler" { "Failed" } else { "Completed" };
        let attempts = if *place == "handler" || id.ends_with("-retried-once") { 2 } else { 1 };
        let error = &struck["error"];
        let fits = error["kind"] == *kind && error["name"] == *name && error["message"].as_str() != Some("");
        let counted = !id.starts_with("faults-") || !has_handler || error["attempt"] == attempts - 1;
        if !fits || !counted || !handlers.iter().all(|handler| handler["run"]["status"] == handled) {
            return Err(format!("{event} in {place:?}, wanted {kind} {name}: {struck}").into());
        }
        let hello = run(&mut host, "demo/hello", &json!({ "name": "Ada" }));
        assert_eq!(hello["output"], "Hello, Ada!", "the host goes on after {event}");
    }
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}

/// The runs that handle this run's failure, when so many have ended; there are no others.
fn handlers(host: &mut Host, failed: &Value, count: usize) -> Vec<Value> {
    let ids = host.wait_for("the handler's end", |host| {
        let runs = host.get("/api/v1/runs?limit=1000")["runs"].clone();
        let handlers = runs.as_array()?.iter().filter(|run| run["failed_run_id"] == *failed);
        let handlers: Vec<Value> = handlers.cloned().collect();
        assert!(handlers.len() <= count, "more than {count} runs handle {failed}: {handlers:?}");
        let have_ended = handlers.len() == count && handlers.iter().all(|run| run["ended_at"].is_string());
        have_ended
            .then(|| handlers.iter().filter_map(|run| run["run_id"].as_str().map(str::to_owned)).collect::<Vec<_>>())
    });
    ids.iter().map(|id| host.get(&format!("/api/v1/runs/{id}"))).collect()
}
