//! The command line as people and scripts use it: exit codes, data on stdout, everything else on stderr.

use std::fs;
use std::process::Stdio;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::process::{Host, Said, Site};

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("cli::wrong_usage_ends_with_2_and_says_what_is_right", refuses_usage),
        Trial::test("cli::a_wrong_configuration_ends_with_2_and_its_line", refuses_configuration),
        Trial::test("cli::a_store_of_a_newer_version_is_left_alone", newer_store),
        Trial::test("cli::a_host_that_cannot_be_reached_ends_with_5", unreachable),
        Trial::test("cli::what_the_host_refuses_is_told", tells_refusals),
        Trial::test("cli::listings_are_json_that_scripts_can_read", lists),
        Trial::test("cli::runs_list_says_when_a_run_is_due", shows_due),
        Trial::test("cli::runs_show_what_they_wait_for_and_can_be_cancelled", shows_waits),
        Trial::test("cli::sends_and_follows", sends),
        Trial::test("cli::what_is_nested_deep_is_sent_and_shown", sends_deep),
        Trial::test("cli::plugins_list_counts_runs_on_older_versions", counts_older),
        Trial::test("cli::check_tells_functions_imports_and_grants", checks),
        Trial::test("cli::config_init_is_a_file_to_start_with", starts_with_init),
        Trial::test("cli::keys_are_asked_for_and_used", uses_keys),
        Trial::test("cli::a_host_asked_to_stop_twice_ends_with_130", stops_at_once),
    ]
}

/// A host on `site` whose plugins have been loaded before it listens.
fn serve(site: &Site, arguments: &[&str]) -> Result<Host, Failed> {
    Ok(site.serve(arguments, &[])?)
}

/// Arguments, the exit code, and parts of what stderr says.
type Case<'a> = (&'a [&'a str], i32, &'a [&'a str]);

/// Each case says nothing on stdout.
fn check_errors(cases: &[Case<'_>], ask: impl Fn(&[&str]) -> Said) -> Result<(), Failed> {
    for (arguments, code, parts) in cases {
        let said = ask(arguments);
        let tells = said.stderr.starts_with("error: ") && parts.iter().all(|part| said.stderr.contains(part));
        if said.code != *code || !said.stdout.is_empty() || !tells {
            return Err(format!("{arguments:?}: {said:?}, wanted {code} and {parts:?}").into());
        }
    }
    Ok(())
}

/// A refused command says what to do, and changes nothing.
fn newer_store() -> Result<(), Failed> {
    let site = Site::new(&["hello"]);
    serve(&site, &[])?.terminate();
    let database = site.path().join(".stepwell/stepwell.db");
    rusqlite::Connection::open(&database)?.pragma_update(None, "user_version", 99)?;
    let before = fs::read(&database)?;
    check_errors(&[(&["serve"], 1, &["schema 99", "a newer version", "another data folder"])], |arguments| {
        Said::of(&mut site.command(arguments))
    })?;
    assert_eq!(fs::read(&database)?, before);
    Ok(())
}

/// An address that nobody listens on.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("it is bound"))
}

fn refuses_usage() -> Result<(), Failed> {
    let site = Site::new(&["hello"]);
    let url = nowhere();
    let object = "the event's data has to be a JSON object";
    let cases: &[Case<'_>] = &[
        (&["send", "a", "--bogus"], 2, &["--bogus", "Usage: stepwell send"]),
        (&["bogus"], 2, &["bogus", "Usage: stepwell"]),
        (&["runs", "show"], 2, &["<RUN>"]),
        (&["send", "a", "{}", "--url", "nonsense"], 2, &["\"nonsense\"", "such as http://127.0.0.1:8288"]),
        (&["send", "a", "{}", "--url", "ftp://127.0.0.1"], 2, &["such as http://127.0.0.1:8288"]),
        (&["send", "a", "{\"b\"", "--url", &url], 2, &[object, "line 1"]),
        (&["send", "a", "[1]", "--url", &url], 2, &[object, "it is [1]"]),
        (&["check", "nothing.wasm"], 2, &["nothing.wasm cannot be read"]),
        (&["dev", "nothing"], 2, &["nothing: no component"]),
        (&["build", "plugins"], 2, &["plugins: no folder with a Cargo.toml"]),
        (&["new", "shop"], 2, &["--lang"]),
        (&["new", "Shop", "--lang", "ts"], 2, &["the folder's name names the plugin"]),
        (&["new", "plugins", "--lang", "py"], 2, &["plugins is there already"]),
        (&["send", "a", "@nothing.json", "--url", &url], 2, &["nothing.json"]),
        (&["serve", "--deadline", "soon"], 2, &["--deadline", "such as \"500ms\"", "\"soon\""]),
        (&["serve", "--config", "nothing.toml"], 2, &["nothing.toml"]),
    ];
    check_errors(cases, |arguments| Said::of(&mut site.command(arguments)))
}

fn refuses_configuration() -> Result<(), Failed> {
    let site = Site::new(&["hello"]);
    let cases = [
        (
            "workers = 8\nretry_intervall = \"1s\"",
            "stepwell.toml:2: unknown key `retry_intervall`, did you mean `retry_interval`?",
        ),
        ("listen = \n", "stepwell.toml:1: "),
        ("durability = \"lax\"", "neither \"strict\" nor \"relaxed\""),
        (
            "[plugins.hello]\nhost = [\"a.b\"]",
            "stepwell.toml:2: unknown key `plugins.hello.host`, did you mean `hosts`?",
        ),
        ("[plugins.hello]\nhosts = [\"http://a.b/\"]", "write one such as \"api.example.com\""),
        ("[plugins.hello]\nvariables_from_env = [\"NOT_THERE\"]", "environment variable NOT_THERE is not set"),
    ];
    for (text, part) in cases {
        site.configure(text);
        let commands: &[Case<'_>] = &[
            (&["serve"], 2, &[part]),
            (&["check", "plugins/hello.wasm"], 2, &[part]),
            (&["config", "show"], 2, &[part]),
        ];
        check_errors(commands, |arguments| Said::of(&mut site.command(arguments)))?;
    }
    Ok(())
}

fn unreachable() -> Result<(), Failed> {
    let site = Site::new(&[]);
    let url = nowhere();
    let parts = ["cannot be reached", &url, "\nhint: ", "stepwell dev"];
    let cases: &[Case<'_>] = &[
        (&["send", "a"], 5, &parts),
        (&["send", "a", "{}", "--wait"], 5, &parts),
        (&["runs", "list", "--json"], 5, &parts),
        (&["runs", "show", "01M834HKA4001TT6HH1NT6JXPJ"], 5, &parts),
        (&["failures", "list"], 5, &parts),
        (&["functions", "list"], 5, &parts),
        (&["plugins", "list"], 5, &parts),
    ];
    check_errors(cases, |arguments| Said::of(site.command(arguments).args(["--url", &url])))?;
    // A configuration that no host would start with is no reason not to ask one.
    site.configure("nonsense = 1");
    check_errors(&cases[..1], |arguments| Said::of(site.command(arguments).args(["--url", &url])))
}

fn tells_refusals() -> Result<(), Failed> {
    let site = Site::new(&[]);
    let host = serve(&site, &[])?;
    let cases: &[Case<'_>] = &[
        (&["runs", "show", "01M834HKA4001TT6HH1NT6JXPJ"], 4, &["there is no run 01M834HKA4001TT6HH1NT6JXPJ"]),
        (&["runs", "show", "01M834HKA4001TT6HH1NT6JXPJ", "--json"], 4, &["there is no run"]),
        (&["runs", "show", "a/b?c"], 2, &["\"a/b?c\" is no run id", "ULID"]),
        (&["runs", "list", "--status", "odd"], 2, &["\"odd\" is no status", "completed"]),
        (&["runs", "list", "--limit", "0"], 2, &["from 1 to 1000"]),
        (&["send", "inngest/x"], 2, &["reserved"]),
        (&["send", ""], 2, &["name"]),
    ];
    check_errors(cases, |arguments| site.ask(&host, arguments, &[]))?;
    let said = site.ask(&host, &["send", "nobody/listens", "--wait"], &[]);
    assert!(said.code == 0 && said.stderr.contains("No function listens to nobody/listens"), "{said:?}");
    // Nothing to list is no data, and no error.
    for listing in ["runs", "failures", "functions", "plugins"] {
        let said = site.ask(&host, &[listing, "list"], &[]);
        assert!(said.code == 0 && said.stdout.is_empty() && said.stderr.starts_with("No "), "{said:?}");
    }
    Ok(())
}

/// Every field that is named is there.
fn has(value: &Value, fields: &[&str]) {
    let missing: Vec<_> = fields.iter().filter(|field| value.get(field).is_none()).collect();
    assert!(missing.is_empty(), "no {missing:?} in {value}");
}

fn lists() -> Result<(), Failed> {
    let site = Site::new(&["faults"]);
    let host = serve(&site, &["--retry-interval", "1ms"])?;
    assert_eq!(site.ask(&host, &["send", "faults/panic", "--wait"], &[]).code, 3);
    let list = |what: &str| site.ask(&host, &[what, "list", "--json"], &[]).json();

    let runs = list("runs")["runs"].clone();
    let run_fields =
        ["run_id", "function_id", "plugin", "version", "status", "queued_at", "ended_at", "failed_run_id", "error"];
    has(&runs[1], &run_fields);
    assert_eq!(
        (&runs[0]["function_id"], &runs[0]["failed_run_id"]),
        (&json!("faults-panic-failure"), &runs[1]["run_id"])
    );
    let run = runs[1]["run_id"].as_str().expect("an id");
    let shown = site.ask(&host, &["runs", "show", run, "--json"], &[]).json();
    has(&shown, &["run", "events", "output", "error", "journal", "log", "started", "handler"]);
    has(&shown["error"], &["kind", "name", "message", "stack", "causes", "step", "attempt"]);
    assert_eq!(shown["handler"]["run_id"], runs[0]["run_id"]);
    let failed = site.ask(&host, &["runs", "list", "--json", "--status", "failed", "--function", "faults-panic"], &[]);
    assert_eq!(failed.json()["runs"], json!([runs[1]]));

    let failures = list("failures")["failures"].clone();
    assert_eq!(failures.as_array().map(Vec::len), Some(1));
    assert_eq!((&failures[0]["run"], &failures[0]["is_dead_letter"]), (&runs[1], &json!(false)));
    assert_eq!(failures[0]["handler"], json!({ "run_id": runs[0]["run_id"], "status": "Completed" }));

    let functions = list("functions")["functions"].clone();
    let function = functions.as_array().and_then(|all| all.iter().find(|one| one["function_id"] == "faults-panic"));
    let function = function.expect("it is live");
    has(function, &["name", "plugin", "version", "triggers", "retries"]);
    assert_eq!(
        (&function["failure_function_id"], &function["triggers"][0]["event"]),
        (&json!("faults-panic-failure"), &json!("faults/panic"))
    );

    let plugin = list("plugins")["plugins"][0].clone();
    has(&plugin, &["name", "version", "live_since", "functions", "runs", "older"]);
    assert_eq!((&plugin["name"], &plugin["version"]), (&json!("faults"), &function["version"]));

    // For people the same, as tables; a reader that has gone away is no error.
    for (listing, parts) in [
        ("runs", ["RUN ", run]),
        ("failures", ["HANDLER", run]),
        ("functions", ["TRIGGERS", "faults/panic"]),
        ("plugins", ["LIVE SINCE", "faults-loop-forever"]),
    ] {
        let said = site.ask(&host, &[listing, "list"], &[]);
        assert!(
            said.code == 0 && said.stderr.is_empty() && parts.iter().all(|part| said.stdout.contains(part)),
            "{said:?}"
        );
        let mut command = site.command(&[listing, "list"]);
        let mut child = command.env("STEPWELL_URL", host.url()).stdout(Stdio::piped()).spawn()?;
        drop(child.stdout.take());
        assert_eq!(child.wait()?.code(), Some(0), "{listing}");
    }
    Ok(())
}

/// The parser's own bound is 128 levels; ours is 1,000.
fn sends_deep() -> Result<(), Failed> {
    let site = Site::new(&["hello"]);
    let host = serve(&site, &[])?;
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let data = |levels| format!(r#"{{"name":"Ada","deep":{}}}"#, nested(levels));
    let said = site.ask(&host, &["send", "demo/hello", &data(900), "--wait"], &[]);
    assert_eq!(said.code, 0, "{said:?}");
    let run = site.ask(&host, &["runs", "list", "--json"], &[]).json()["runs"][0]["run_id"].clone();
    for arguments in [
        &["runs", "show", run.as_str().expect("an id"), "--json"] as &[&str],
        &["runs", "replay", run.as_str().expect("an id")],
    ] {
        let said = site.ask(&host, arguments, &[]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(arguments[1] == "replay" || said.stdout.replace(char::is_whitespace, "").contains(&nested(900)));
    }
    let (send, input) = (data(2_000), nested(2_000));
    let cases: &[Case<'_>] = &[
        (&["send", "demo/hello", &send], 2, &["it is nested deeper than 1000 levels"]),
        (&["runs", "replay", "01M834HKA4001TT6HH1NT6JXPJ", "--from", "a", "--input", &input], 2, &["--input", "1000"]),
    ];
    check_errors(cases, |arguments| site.ask(&host, arguments, &[]))
}

/// A run of an event that is to happen in 2099.
fn shows_due() -> Result<(), Failed> {
    let site = Site::new(&["hello"]);
    let host = serve(&site, &[])?;
    host.send(&json!({ "name": "demo/hello", "data": { "name": "Ada" }, "ts": 4_070_908_800_000_u64 }))
        .expect("accepted");
    let run = site.ask(&host, &["runs", "list", "--status", "queued", "--json"], &[]).json()["runs"][0].clone();
    assert_eq!((&run["status"], &run["due_at"]), (&json!("Queued"), &json!("2099-01-01T00:00:00.000Z")));
    let said = site.ask(&host, &["runs", "list"], &[]);
    assert!(said.stdout.contains("DUE (UTC)") && said.stdout.contains("2099-01-01 00:00:00"), "{said:?}");
    Ok(())
}

fn shows_waits() -> Result<(), Failed> {
    let site = Site::new(&["faults"]);
    let mut host = serve(&site, &["--event-key", "test"])?;
    let event = json!({ "name": "faults/await-signal", "data": { "signal": "approved" } });
    let event = host.send(&event).expect("accepted");
    let run = host.wait_for("the run to wait", |host| {
        let run = host.get(&format!("/v1/events/{event}/runs"))["data"][0]["run_id"].as_str()?.to_owned();
        let detail = host.get(&format!("/api/v1/runs/{run}"));
        let waits = detail["waits_for"].as_array()?.first()?;
        (waits["what"] == "waits_for_signal" && waits["awaited"] == "approved").then_some(run)
    });
    let show = || site.ask(&host, &["runs", "show", &run], &[]);
    let said = show();
    assert!(said.code == 0 && said.stdout.contains("waits    wait: signal approved, until "), "{said:?}");
    let cancel = || site.ask(&host, &["runs", "cancel", &run], &[]);
    let said = cancel();
    assert!(said.code == 0 && said.stdout.contains("is to end"), "{said:?}");
    for _ in 0..1_000 {
        if show().stdout.contains("cancelled: by the API") {
            let said = cancel();
            assert!(said.code == 1 && said.stderr.contains("has ended already"), "{said:?}");
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Err("the run was not cancelled".into())
}

fn sends() -> Result<(), Failed> {
    let site = Site::new(&["faults", "hello"]);
    let host = serve(&site, &["--retry-interval", "1ms"])?;
    let sent = site.ask(&host, &["send", "demo/hello", r#"{"name":"Ada"}"#, "--json"], &[]).json();
    assert!(sent["ids"][0].is_string(), "{sent}");

    let waited = site.ask(&host, &["send", "demo/hello", r#"{"name":"Ada"}"#, "--wait"], &[]);
    assert_eq!((waited.code, waited.stderr.as_str()), (0, ""), "{waited:?}");
    assert!(waited.stdout.contains("hello-hello") && waited.stdout.contains("completed \"Hello, Ada!\""), "{waited:?}");

    let failed = site.ask(&host, &["send", "faults/panic", "--wait"], &[]);
    assert_eq!((failed.code, failed.stderr.as_str()), (3, ""), "the story is data");
    let parts = ["failed for good: Panic: told to panic in body", "failure run", "received Panic"];
    assert!(parts.iter().all(|part| failed.stdout.contains(part)), "{failed:?}");

    let failed = site.ask(&host, &["send", "faults/panic", "--wait", "--json"], &[]);
    let lines = failed.lines();
    assert_eq!((failed.code, lines.len()), (3, 3), "acknowledged, failed, handled");
    assert_eq!((&lines[1]["status"], &lines[1]["output"]["name"]), (&json!("Failed"), &json!("Panic")));
    assert_eq!((&lines[1]["started"][0], &lines[2]["status"]), (&lines[2]["run_id"], &json!("Completed")));

    let once = ["send", "demo/hello", r#"{"name":"Ada"}"#, "--id", "once", "--wait", "--json"];
    assert_eq!(site.ask(&host, &once, &[]).lines().len(), 2);
    assert_eq!(site.ask(&host, &once, &[]).lines().len(), 1, "an id of its own starts nothing twice");
    Ok(())
}

/// A run waits for its retry on the version that is being replaced.
fn counts_older() -> Result<(), Failed> {
    let site = Site::new(&["trial"]);
    let mut host = serve(&site, &["--retry-interval", "1h"])?;
    let list = |host: &Host| site.ask(host, &["plugins", "list", "--json"], &[]).json()["plugins"].clone();
    let before = list(&host)[0].clone();
    assert_eq!(site.ask(&host, &["send", "trial/started", r#"{"fail":"body"}"#], &[]).code, 0);
    site.put("trial", "hello");
    let after = host.wait_for("the new version", |host| {
        let after = list(host)[0].clone();
        (after["version"] != before["version"]).then_some(after)
    });
    assert_eq!(after["older"], json!([{ "version": before["version"], "runs": 1 }]));
    assert!(after["live_since"].as_str() > before["live_since"].as_str(), "{before} {after}");
    let said = site.ask(&host, &["plugins", "list"], &[]);
    let short = &before["version"].as_str().expect("a version")[..12];
    assert!(said.stdout.contains(&format!("1 on {short}")), "{said:?}");
    fs::remove_file(site.plugins().join("trial.wasm"))?;
    let retired = host
        .wait_for("its retirement", |host| Some(list(host)[0].clone()).filter(|plugin| plugin["version"].is_null()));
    assert_eq!((&retired["older"][0]["runs"], &retired["functions"]), (&json!(1), &json!([])));
    assert!(site.ask(&host, &["plugins", "list"], &[]).stdout.contains("retired"));
    Ok(())
}

fn checks() -> Result<(), Failed> {
    let site = Site::new(&["trial"]);
    site.configure("[plugins.trial]\nhosts = [\"api.example.com\"]\nvariables = { TOKEN = \"secret-value\" }\n");
    let said = Said::of(&mut site.command(&["check", "plugins/trial.wasm"]));
    let parts = [
        "plugin trial version",
        "trial-trial",
        "trial/started",
        "yes",
        "stepwell:plugin/steps@0.1.0",
        "api.example.com",
        "TOKEN",
    ];
    assert!(
        said.code == 0 && said.stderr.is_empty() && parts.iter().all(|part| said.stdout.contains(part)),
        "{said:?}"
    );
    assert!(!said.stdout.contains("secret-value"), "what is granted is not told");
    let report = Said::of(&mut site.command(&["check", "plugins/trial.wasm", "--json"])).json();
    has(&report, &["plugin", "version", "functions", "imports"]);
    let function = &report["functions"][0];
    assert_eq!((&function["id"], &function["has_failure_handler"]), (&json!("trial"), &json!(true)));
    assert_eq!(function["options"], json!({ "triggers": [{ "event": "trial/started" }], "retries": 1 }));
    let imports = report["imports"].as_array().expect("a list");
    assert!(imports.iter().all(|import| import["name"].is_string() && import["grant"].is_string()), "{report}");
    assert!(imports.iter().any(|import| import["name"] == "stepwell:plugin/steps@0.1.0"), "{report}");
    assert!(!site.path().join(".stepwell").exists(), "nothing is left behind");
    Ok(())
}

fn starts_with_init() -> Result<(), Failed> {
    let site = Site::new(&[]);
    let said = Said::of(&mut site.command(&["config", "init"]));
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    site.configure(&said.stdout);
    drop(serve(&site, &[])?);
    // Its examples hold too: each line of TOML without its comment sign.
    let uncommented = said.stdout.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with('[') || rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => {
            rest
        }
        _ => line,
    });
    site.configure(&uncommented.collect::<Vec<_>>().join("\n"));
    let shown = Said::of(site.command(&["config", "show"]).env("SLACK_TOKEN", "x").env_remove("STEPWELL_CACHE_DIR"));
    assert!(shown.code == 0 && shown.stdout.contains("[plugins.product-import]\n# 3 hosts, 2 variables"), "{shown:?}");
    Ok(())
}

fn uses_keys() -> Result<(), Failed> {
    let site = Site::new(&["hello"]);
    let wanted = ["can be reached from other machines", "keys", "127.0.0.1"];
    for arguments in [
        &["serve", "--listen", "0.0.0.0:0"][..],
        &["serve", "--listen", "[::]:0", "--event-key", "e"],
        &["serve", "--listen", "0.0.0.0:0", "--signing-key", "s"],
        &["dev", "plugins", "--listen", "0.0.0.0:0"],
    ] {
        let said = Said::of(&mut site.command(arguments));
        assert!(said.code == 2 && wanted.iter().all(|part| said.stderr.contains(part)), "{arguments:?}: {said:?}");
    }
    let host = serve(&site, &["--event-key", "e1,e2", "--signing-key", "s"])?;
    let hello = ["send", "demo/hello", r#"{"name":"Ada"}"#];
    let signing_key = ("STEPWELL_SIGNING_KEY", "s");
    for (arguments, variables, code) in [
        (&["runs", "list", "--json"][..], &[][..], 1),
        (&["runs", "list", "--json"], &[("STEPWELL_SIGNING_KEY", "wrong")], 1),
        (&["runs", "list", "--json"], &[signing_key], 0),
        (&hello, &[], 1),
        (&hello, &[signing_key], 1),
        (&hello, &[("STEPWELL_EVENT_KEY", "e2")], 0),
        (&hello, &[("STEPWELL_EVENT_KEYS", "e1,e2")], 0),
    ] {
        let said = site.ask(&host, arguments, variables);
        assert_eq!(said.code, code, "{arguments:?} {variables:?}: {said:?}");
        let hint = "hint: set STEPWELL_SIGNING_KEY, or for sending STEPWELL_EVENT_KEY";
        assert_eq!((said.stderr.contains(hint), said.stdout.is_empty()), (code == 1, code == 1), "{said:?}");
    }
    Ok(())
}

/// The run that it waits for goes on for ever; at the second signal it waits no more.
fn stops_at_once() -> Result<(), Failed> {
    for signal in ["INT", "TERM"] {
        let site = Site::new(&["faults"]);
        let mut host = serve(&site, &[])?;
        assert_eq!(site.ask(&host, &["send", "faults/loop-forever"], &[]).code, 0);
        let status = |host: &Host| host.get("/api/v1/runs")["runs"][0]["status"].clone();
        host.wait_for("the run's start", |host| (status(host) == "Running").then_some(()));
        host.signal(signal);
        host.wait_for("the word that it stops", |host| host.log().contains("once more to stop at once").then_some(()));
        host.signal(signal);
        assert_eq!(host.wait().code(), Some(130), "{}", host.log());
    }
    Ok(())
}
