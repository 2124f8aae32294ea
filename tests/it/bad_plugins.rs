//! Files that are no plugins: `check` and a running host refuse each with a reason, and what was live stays live.

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::process::{Host, Said, Site};
use crate::wat_guest::{Guest, bomb, describing, describing_by, running};

/// A name, the file, and what the reason says.
type Case = (&'static str, fn() -> Arc<[u8]>, &'static [&'static str]);

const CASES: &[Case] = &[
    ("an_empty_file", || [].into(), &["not WebAssembly"]),
    ("a_text", || b"#!/bin/sh\nexit 0\n"[..].into(), &["not WebAssembly"]),
    ("a_core_module", || wat("(module)"), &["core WebAssembly module", "wasm32-wasip2"]),
    ("half_a_component", || running("(call $suspended)")[..200].into(), &["not a valid component"]),
    ("another_world", || wat(COMMAND), &["no Stepwell plugin", "wasi:cli/run@0.2.6", "build it with a Stepwell SDK"]),
    ("another_contract_version", of_version_0_2, &["version 0.2.0", "this host serves 0.1.0", "rebuild"]),
    ("a_describe_that_traps", || describe(&describing_by("")), &["could not describe its functions", "unreachable"]),
    (
        "a_describe_that_loops",
        || describe(&describing_by("(loop $more (br $more))")),
        &["could not describe its functions", "more than 5000 ms"],
    ),
    ("options_of_another_schema", || options(r#"{"retrys":1}"#), &["function \"f\"", "`retrys`", "`retries`"]),
    ("options_that_are_no_json", || options("{oops"), &["function \"f\"", "its options are not valid"]),
    (
        "a_trigger_that_is_none",
        || options(r#"{"triggers":[{"event":"a*b"}]}"#),
        &["function \"f\"", "\"a*b\"", "wildcard"],
    ),
    (
        "a_filter_that_is_none",
        || options(r#"{"triggers":[{"event":"a","if":"1 +"}]}"#),
        &["function \"f\"", "trigger \"a\"", "\"1 +\" is not valid CEL: 1:4"],
    ),
    (
        "a_schedule_that_is_none",
        || options(r#"{"triggers":[{"cron":"TZ=Europe/Paris 0 25 * * *"}]}"#),
        &["function \"f\"", "cron \"TZ=Europe/Paris 0 25 * * *\"", "hour \"25\": 25 is not from 0 to 23"],
    ),
    (
        "a_schedule_twice",
        || options(r#"{"triggers":[{"cron":"@daily"},{"cron":"@daily","jitter":"5s"}]}"#),
        &["function \"f\"", "cron \"@daily\" is there twice"],
    ),
    (
        "a_rate_limit_key_that_is_none",
        || options(r#"{"rate_limit":{"limit":1,"period_ms":1000,"key":"event."}}"#),
        &["function \"f\"", "rate_limit or idempotency", "\"event.\" is not valid CEL"],
    ),
    (
        "a_rate_limit_of_nothing",
        || options(r#"{"rate_limit":{"limit":0,"period_ms":1000}}"#),
        &["function \"f\"", "rate_limit", "at least 1"],
    ),
    ("an_id_that_is_none", || functions(&[("a b", "{}", false)]), &["function \"a b\"", "its id"]),
    ("an_id_twice", || functions(&[("f", "{}", true), ("f", "{}", false)]), &["two functions with the id \"f\""]),
    (
        "the_name_of_a_failure_function",
        || functions(&[("f", "{}", true), ("f-failure", "{}", false)]),
        &["\"f-failure\"", "failure function of \"f\"", "rename"],
    ),
    ("a_compile_bomb", || bomb(12).into(), &["16777216 core instances", "limit is 64"]),
];

/// The export of a program for a command line.
const COMMAND: &str = r#"(component (instance $run) (export "wasi:cli/run@0.2.6" (instance $run)))"#;

pub fn trials() -> Vec<Trial> {
    let cases = CASES.iter().map(|case| Trial::test(format!("bad_plugins::{}", case.0), move || refuses(case)));
    cases.chain([Trial::test("bad_plugins::a_name_that_another_plugin_has", refuses_a_taken_name)]).collect()
}

fn wat(text: &str) -> Arc<[u8]> {
    wat::parse_str(text).expect("valid WAT").into()
}

fn of_version_0_2() -> Arc<[u8]> {
    Guest { version: "0.2.0", ..Guest::default() }.build()
}

fn describe(export: &str) -> Arc<[u8]> {
    Guest { describe: Some(export), ..Guest::default() }.build()
}

fn functions(functions: &[(&str, &str, bool)]) -> Arc<[u8]> {
    describe(&describing(functions))
}

fn options(options: &str) -> Arc<[u8]> {
    functions(&[("f", options, false)])
}

fn refuses((_, bytes, parts): &Case) -> Result<(), Failed> {
    let site = Site::new(&["trial"]);
    site.put("changing", "hello");
    let mut host = site.serve(&[], &[])?;
    site.put_bytes("changing", &bytes());
    let said = Said::of(&mut site.command(&["check", "plugins/changing.wasm"]));
    let reason = said.stderr.strip_prefix("error: plugins/changing.wasm is no plugin\n  1. ").unwrap_or_default();
    let tells = |text: &str| parts.iter().all(|part| text.contains(part));
    // Only a stack may stand below the reason's one line.
    let (line, below) = reason.split_once('\n').unwrap_or_default();
    let is_short = below.is_empty() || below.starts_with("function ");
    if said.code != 1 || !said.stdout.is_empty() || !tells(line) || !is_short {
        return Err(format!("check said {said:?}, wanted {parts:?}").into());
    }
    still_live(&site, &mut host, "changing", parts)
}

/// Composite ids are those of the whole host, which `check` does not know of.
fn refuses_a_taken_name() -> Result<(), Failed> {
    let site = Site::new(&["trial"]);
    site.put("changing", "hello");
    let mut host = site.serve(&[], &[])?;
    site.put_bytes("trial-trial", &functions(&[("failure", "{}", false)]));
    assert_eq!(Said::of(&mut site.command(&["check", "plugins/trial-trial.wasm"])).code, 0);
    still_live(&site, &mut host, "trial-trial", &["\"trial-trial-failure\"", "plugin trial is", "rename"])
}

/// The host logs the refusal with its reason, and everything that was live before still is.
fn still_live(site: &Site, host: &mut Host, plugin: &str, parts: &[&str]) -> Result<(), Failed> {
    let line = host.wait_for("the refusal", |host| {
        let log = host.log();
        log.lines().find(|line| line.contains("plugin refused")).map(str::to_owned)
    });
    let file = format!("file=plugins/{plugin}.wasm");
    for part in parts.iter().chain(&[file.as_str(), "the last good version stays live"]) {
        assert!(line.contains(part), "{part} is not told: {line}");
    }
    let send = |name, data| site.ask(host, &["send", name, data, "--wait", "--json"], &[]).lines();
    assert_eq!(send("demo/hello", r#"{"name":"Ada"}"#)[1]["output"], "Hello, Ada!", "the last good version");
    assert_eq!(send("trial/started", "{}")[1]["output"]["first"], json!(1), "another plugin");
    assert_eq!(host.terminate().code(), Some(0));
    Ok(())
}
