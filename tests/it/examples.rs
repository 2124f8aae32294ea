//! Examples that are the same in each language, on the real host: what they come to, and what is seen of that outside.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::guests;
use crate::process::{Host, Site};
use crate::witness::Witness;

/// Examples that each language has under the same name, with the same ids and results.
pub const SAME: [&str; 4] = ["order-saga", "fan-out", "onboarding", "ask-model"];

/// Sends an event with this data and follows its runs: the exit code, and a line for each.
pub type Send<'a> = dyn Fn(&str, &str) -> (i32, Vec<Value>) + 'a;

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("examples::rust", || on_the_host(|plugin| Ok(guests::bytes(plugin).to_vec())))]
}

/// All of them in one language, by the components that they are there.
pub fn on_the_host(component: impl Fn(&str) -> Result<Vec<u8>, Failed>) -> Result<(), Failed> {
    let site = Site::new(&[]);
    for plugin in SAME {
        site.put_bytes(plugin, &component(plugin)?);
    }
    let model = model();
    site.configure(&grants(&model));
    let mut host = site.serve(&["--retry-interval", "1ms"], &[])?;
    let send = |event: &str, data: &str| {
        let said = site.ask(&host, &["send", event, data, "--wait", "--json"], &[]);
        (said.code, said.lines())
    };
    order_saga(&host, &send);
    fan_out(&host, &send);
    ask_model(&model, &send);
    onboarding(&mut host);
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}

/// A step for each reader; who cannot be reached is counted, and what was sent is told.
fn fan_out(host: &Host, send: &Send<'_>) {
    let issue = r#"{"issue":"may","readers":5,"bounces":["reader-1@example.com","reader-4@example.com"]}"#;
    let (code, lines) = send("newsletter/issue.ready", issue);
    let bounced = ["reader-1@example.com", "reader-4@example.com"];
    assert_eq!((code, &lines[1]["output"]), (0, &json!({ "sent": 3, "bounced": bounced })), "{lines:?}");
    let journal = journal(host, &lines[1]);
    let mut sent = completed(&journal);
    sent.sort_unstable();
    assert_eq!(sent, ["load-readers", "send-to-0", "send-to-2", "send-to-3"], "{journal:#?}");
}

/// A roll-back undoes exactly what had been done, the last first, each in a step.
fn order_saga(host: &Host, send: &Send<'_>) {
    let (code, lines) = send("shop/order.placed", r#"{"order":"o-1","fails_at":null}"#);
    assert_eq!((code, &lines[1]["output"]), (0, &json!({ "order": "o-1", "shipped": true })), "{lines:?}");

    for (fails_at, error, undone) in [
        ("ship", "ShippingError", &["refund-card", "release-stock"][..]),
        ("charge", "CardDeclined", &["release-stock"]),
    ] {
        let (code, lines) = send("shop/order.placed", &json!({ "order": "o-2", "fails_at": fails_at }).to_string());
        assert_eq!((code, lines.len(), &lines[1]["output"]["name"]), (3, 3, &json!(error)), "{lines:?}");
        assert_eq!(lines[2]["output"], json!({ "order": "o-2", "undone": undone }));
        assert_eq!(completed(&journal(host, &lines[2])), undone);
    }
}

/// A model that is busy once, and refuses a question in the wrong tone.
fn model() -> Witness {
    Witness::answering(|_, number| match number {
        0 => response("429 Too Many Requests", "retry-after: 0\r\n", ""),
        1 => response("200 OK", "", r#"{"content":[{"text":"It is about steps."}]}"#),
        _ => response("401 Unauthorized", "", "who are you?"),
    })
}

fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into()
}

/// The grants of `ask-model`.
fn grants(model: &Witness) -> String {
    let (host, url) = (model.address(), model.url());
    let variables = format!("{{ MODEL_URL = \"{url}\", MODEL_TOKEN = \"secret\" }}");
    format!("[plugins.ask-model]\nprivate_hosts = [\"{host}\"]\nvariables = {variables}\n")
}

/// A busy model is asked again, its answer is read; one that refuses is told to the author.
fn ask_model(model: &Witness, send: &Send<'_>) {
    let page = r#"{"page":"/intro","text":"Steps are remembered."}"#;
    let (code, lines) = send("docs/page.changed", page);
    let wanted = json!({ "page": "/intro", "summary": "It is about steps." });
    assert_eq!((code, &lines[1]["output"]), (0, &wanted), "{lines:?}");
    let [busy, asked] = &model.heard()[..] else { panic!("asked twice: {:?}", model.heard()) };
    for request in [busy, asked] {
        assert!(request.starts_with("POST /v1/messages ") && request.contains("Bearer secret"), "{request}");
        assert!(request.contains("Steps are remembered."), "{request}");
    }

    let (code, lines) = send("docs/page.changed", page);
    assert_eq!((code, lines.len(), &lines[1]["output"]["name"]), (3, 3, &json!("NonRetriableError")), "{lines:?}");
    assert_eq!(lines[2]["status"], json!("Completed"), "{lines:?}");
    assert!(!format!("{lines:?}").contains("secret"));
}

/// A run waits for the post of its own user, and ends where that user does.
fn onboarding(host: &mut Host) {
    let (ada, grace) = (sign_up(host, "ada"), sign_up(host, "grace"));
    host.send(&json!({ "name": "app/post.created", "data": { "user": "ada" } }));
    host.send(&json!({ "name": "app/user.deleted", "data": { "user": "grace" } }));
    let ended = |host: &mut Host, run: &str| {
        host.wait_for("the run's end", |host| Some(show(host, run)).filter(|run| run["run"]["ended_at"].is_string()))
    };
    let (ada, grace) = (ended(host, &ada), ended(host, &grace));
    assert_eq!(ada["output"], json!({ "user": "ada", "mails": ["welcome", "congratulations"] }), "{ada:#}");
    assert_eq!(grace["run"]["status"], json!("Cancelled"), "{grace:#}");
}

/// The run of a user that has signed up, once it waits for the first post.
fn sign_up(host: &mut Host, user: &str) -> String {
    let data = json!({ "user": user, "email": format!("{user}@example.com") });
    let event = host.send(&json!({ "name": "app/user.signed-up", "data": data })).expect("accepted");
    host.wait_for("the wait", |host| {
        let runs = host.get(&format!("/v1/events/{event}/runs"));
        let run = runs["data"][0]["run_id"].as_str()?.to_owned();
        let journal = show(host, &run)["journal"].clone();
        let waits = journal.as_array()?.iter().any(|line| line["what"] == "waits_for_event");
        waits.then_some(run)
    })
}

fn show(host: &Host, run: &str) -> Value {
    host.get(&format!("/api/v1/runs/{run}"))
}

pub fn journal(host: &Host, run: &Value) -> Vec<Value> {
    let run = show(host, run["run_id"].as_str().expect("an id"));
    run["journal"].as_array().expect("a journal").clone()
}

/// The steps that have completed, in their order.
fn completed(journal: &[Value]) -> Vec<&str> {
    let lines = journal.iter().filter(|line| line["what"] == "step_completed");
    lines.filter_map(|line| line["step"]["id"].as_str()).collect()
}
