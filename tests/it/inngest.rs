//! Functions that are written for Inngest, built as they are: the seed's two examples against a server that stands for
//! Slack and Sentry, and functions in the style of Inngest's public examples.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::languages::steps;
use crate::process::{Host, Site};
use crate::typescript::{FUNCTIONS, SEED, send, serve_with, trial};
use crate::witness::Witness;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("inngest::a_failure_is_told_to_slack_and_sentry", seed),
        trial("inngest::a_drip_heeds_what_comes_meanwhile", drip),
        trial("inngest::a_digest_fans_out", digest),
        trial("inngest::a_payment_cancels_its_reminder", reminder),
        trial("inngest::what_another_system_answers_decides_on_retries", contact),
        trial("inngest::debounced_batched_and_idempotent", few),
        trial("inngest::a_function_calls_another_and_undoes_its_work", order),
        trial("inngest::the_client_sends_from_the_body_and_from_a_step", account),
        trial("inngest::the_build_says_what_it_cannot_do", refuses),
    ]
}

/// The token comes from a granted variable; the message names the store and the error; the envelope has the rebuilt
/// error's name and stack.
fn seed(folder: &Path) -> Result<(), Failed> {
    let witness = Witness::answering(|_, _| answer(r#"{"ok":true,"channel":"C0ALERTS","ts":"1.2"}"#));
    let (address, url) = (witness.address(), witness.url());
    let configuration = format!(
        "[plugins.inngest-slack-alert]\nprivate_hosts = [\"{address}\"]\n\
         variables = {{ SLACK_TOKEN = \"xoxb-granted\", SLACK_API_URL = \"{url}/api/\" }}\n\
         [plugins.inngest-sentry-reporter]\nprivate_hosts = [\"{address}\"]\n\
         variables = {{ SENTRY_DSN = \"http://public@{address}/7\" }}\n"
    );
    let (site, mut host) = serve_with(folder, &SEED, &configuration)?;
    let lines = send(&site, &host, "shop/product_sync.requested", &json!({ "storeId": "store-7" })).lines();
    let (run, handlers) = (&lines[1], &lines[2..]);
    let id = run["run_id"].as_str().expect("an id");
    assert_eq!((&run["status"], &run["output"]["name"]), (&json!("Failed"), &json!("RangeError")), "{run}");
    assert_eq!(steps(&host, run), ["fetch-products"]);

    let outputs: Vec<_> = handlers.iter().map(|run| &run["output"]).collect();
    let posted = outputs.iter().find(|output| output["ok"] == true).expect("what Slack answered is the result");
    assert_eq!(posted["channel"], "C0ALERTS");
    assert!(outputs.contains(&&json!(true)), "flushed: {outputs:?}");

    let heard = witness.heard();
    let [message] = told(&heard, "POST /api/chat.postMessage ")[..] else { panic!("one message: {heard:?}") };
    assert!(message.to_ascii_lowercase().contains("\r\nauthorization: bearer xoxb-granted\r\n"), "{message}");
    let text = percent_decoded(message);
    let wanted = format!("The sync of store *store-7* has failed: RangeError: 2 products of run {id} do not fit");
    assert!(text.contains(&wanted) && text.contains(r#""type":"section","text":{"type":"mrkdwn""#), "{text}");

    let [envelope] = told(&heard, "POST /api/7/envelope/")[..] else { panic!("one envelope: {heard:?}") };
    let event: Value = serde_json::from_str(envelope.lines().last().expect("lines"))?;
    let exception = &event["exception"]["values"][0];
    assert_eq!(exception["type"], "RangeError", "{event}");
    assert_eq!(exception["value"], format!("2 products of run {id} do not fit"));
    assert_eq!(event["extra"]["function_id"], "inngest-slack-alert-sync-shopify-products");
    let frames = exception["stacktrace"]["frames"].as_array().expect("frames");
    let innermost = frames.last().expect("a frame");
    assert_eq!((&innermost["function"], &innermost["filename"]), (&json!("saveProducts"), &json!("src/shop.ts")));
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}

fn answer(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .into()
}

fn told<'a>(heard: &'a [String], start: &str) -> Vec<&'a str> {
    heard.iter().map(String::as_str).filter(|request| request.starts_with(start)).collect()
}

/// Of a form.
fn percent_decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => bytes.extend([&[byte], &part.as_bytes()[2..]].concat()),
            None => bytes.extend(part.as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn serve(folder: &Path) -> Result<(Site, Host), Failed> {
    serve_with(folder, &[FUNCTIONS], "")
}

/// Sends an event; the one run that it starts, once that is there.
fn begin(host: &mut Host, name: &str, data: &Value) -> String {
    let event = host.send(&json!({ "name": name, "data": data })).expect("it is acknowledged");
    run_of(host, &event)
}

fn run_of(host: &mut Host, event: &str) -> String {
    let path = format!("/v1/events/{event}/runs");
    host.wait_for("the run", |host| Some(host.get(&path)["data"][0]["run_id"].as_str()?.to_owned()))
}

fn output_of(host: &mut Host, event: &str) -> Value {
    let run = run_of(host, event);
    end(host, &run)["output"].clone()
}

/// The events of that name, by their ids.
fn events_of(host: &Host, name: &str) -> Vec<String> {
    let events = host.get(&format!("/v1/events?name={name}"));
    let ids = events["data"].as_array().into_iter().flatten().map(|event| event["internal_id"].as_str());
    ids.map(|id| id.expect("an id").to_owned()).collect()
}

fn wait_for_step(host: &mut Host, run: &str, step: &str) {
    host.wait_for(step, |host| {
        let run = host.get(&format!("/api/v1/runs/{run}"));
        run["journal"].as_array()?.iter().any(|line| line["step"]["id"] == step).then_some(())
    });
}

fn end(host: &mut Host, run: &str) -> Value {
    let path = format!("/v1/runs/{run}");
    host.wait_for("the run's end", |host| {
        Some(host.get(&path)["data"].clone()).filter(|run| run["ended_at"].is_string())
    })
}

fn drip(folder: &Path) -> Result<(), Failed> {
    let (_site, mut host) = serve(folder)?;
    let signed_up =
        |user: &str, patience: &str| json!({ "userId": user, "email": "a@b.example", "patience": patience });
    let run = begin(&mut host, "app/user.signed_up", &signed_up("u1", "3 days"));
    wait_for_step(&mut host, &run, "wait-for-activation");
    for user in ["u2", "u1"] {
        host.send(&json!({ "name": "app/user.activated", "data": { "userId": user } }));
    }
    let activated = json!({ "sent": ["welcome to a@b.example", "tips for u1 to a@b.example"] });
    assert_eq!(end(&mut host, &run)["output"], activated);
    let run = begin(&mut host, "app/user.signed_up", &signed_up("u3", "1s"));
    let waited = json!({ "sent": ["welcome to a@b.example", "nudge to a@b.example"] });
    assert_eq!(end(&mut host, &run)["output"], waited);
    Ok(())
}

fn digest(folder: &Path) -> Result<(), Failed> {
    let (site, mut host) = serve(folder)?;
    let lines = send(&site, &host, "app/digest.due", &json!({ "users": ["a", "b", "c"] })).lines();
    assert_eq!(lines[1]["output"], json!({ "requested": 3 }), "{lines:?}");
    let events = events_of(&host, "app/digest.requested");
    let mut sent: Vec<_> = events.iter().map(|event| output_of(&mut host, event)).collect();
    sent.sort_unstable_by_key(Value::to_string);
    let wanted = ["a", "b", "c"].map(|user| json!(format!("{user}: {user} was mentioned, week 42 is over")));
    assert_eq!(sent, wanted, "each has a run of its own");
    Ok(())
}

fn reminder(folder: &Path) -> Result<(), Failed> {
    let (_site, mut host) = serve(folder)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let invoice = |id: &str, due: u128| json!({ "invoiceId": id, "dueAt": due as u64 });
    let later = begin(&mut host, "billing/invoice.created", &invoice("i1", now + 86_400_000));
    wait_for_step(&mut host, &later, "until-due");
    for id in ["i2", "i1"] {
        host.send(&json!({ "name": "billing/invoice.paid", "data": { "invoiceId": id } }));
    }
    assert_eq!(end(&mut host, &later)["status"], "Cancelled");
    let due = begin(&mut host, "billing/invoice.created", &invoice("i2", now - 1));
    assert_eq!(end(&mut host, &due)["output"], "invoice i2 is due");
    Ok(())
}

fn contact(folder: &Path) -> Result<(), Failed> {
    let (site, host) = serve(folder)?;
    let changed = |answers: &[u16]| {
        send(&site, &host, "crm/contact.changed", &json!({ "contactId": "c1", "answers": answers })).lines()
    };
    assert_eq!(changed(&[429, 200])[1]["output"], json!({ "status": 200, "attempt": 1 }));
    let lines = changed(&[404]);
    assert_eq!(lines[1]["status"], "Failed", "{lines:?}");
    assert_eq!(lines[2]["output"], "contact c1: NonRetriableError: the CRM has no such contact");
    Ok(())
}

/// Many events, few runs: the last one, all in one, each thing once.
fn few(folder: &Path) -> Result<(), Failed> {
    let (site, mut host) = serve(folder)?;
    let mut last = |name: &str, events: &[Value]| {
        let ids: Vec<_> = events.iter().map(|data| host.send(&json!({ "name": name, "data": data }))).collect();
        output_of(&mut host, ids.last().and_then(Option::as_ref).expect("it is acknowledged"))
    };
    let changes = [1, 2].map(|revision| json!({ "documentId": "d", "revision": revision }));
    assert_eq!(last("docs/document.changed", &changes), "d@2: 200 words");
    let rows = [1, 2, 4].map(|value| json!({ "table": "t", "value": value }));
    assert_eq!(last("import/row.added", &rows), 7);

    let upload = json!({ "videoId": "v", "plan": "pro" });
    let lines = send(&site, &host, "video/uploaded", &upload).lines();
    assert_eq!(lines[1]["output"], json!({ "summary": "about v", "formats": ["hd", "sd"] }), "{lines:?}");
    let [ready] = &events_of(&host, "video/ready")[..] else { panic!("it is told once") };
    assert_eq!(output_of(&mut host, ready), "v is ready in 2");
    assert_eq!(send(&site, &host, "video/uploaded", &upload).lines().len(), 1, "a video has one run");
    Ok(())
}

fn order(folder: &Path) -> Result<(), Failed> {
    let (site, host) = serve(folder)?;
    let placed = |cents: u32, is_card_good: bool| {
        let data = json!({ "orderId": "o1", "cents": cents, "isCardGood": is_card_good });
        send(&site, &host, "shop/order.placed", &data).lines()
    };
    let lines = placed(1999, true);
    assert_eq!(
        (&lines[1]["output"], steps(&host, &lines[1])),
        (&json!("o1: receipt for 1999"), vec!["reserve".into()])
    );
    let lines = placed(1999, false);
    assert_eq!(lines[1]["output"], "o1: the card was declined", "{lines:?}");
    assert_eq!(steps(&host, &lines[1]), ["release", "reserve"]);
    assert_eq!(placed(0, true).len(), 1, "the trigger's condition does not hold");
    Ok(())
}

/// In the body it is an operation; in a step a request, with the key and a seed, to where the variables say.
fn account(folder: &Path) -> Result<(), Failed> {
    let witness = Witness::answering(|_, _| answer(r#"{"ids":["1","2"],"status":200}"#));
    let (address, url) = (witness.address(), witness.url());
    let configuration = format!(
        "[plugins.inngest-functions]\nprivate_hosts = [\"{address}\"]\n\
         variables = {{ INNGEST_BASE_URL = \"{url}\", INNGEST_EVENT_KEY = \"key\" }}\n"
    );
    let (site, host) = serve_with(folder, &[FUNCTIONS], &configuration)?;
    let lines = send(&site, &host, "app/account.closed", &json!({ "userId": "u" })).lines();
    assert_eq!(lines[1]["output"], json!({ "own": 1, "others": 2 }), "{lines:?}");
    let heard = witness.heard();
    let [request] = told(&heard, "POST /e/key ")[..] else { panic!("one request: {heard:?}") };
    assert!(request.to_ascii_lowercase().contains("\r\nx-inngest-event-id-seed: "), "{request}");
    assert!(request.contains(r#"[{"name":"partners/a","data":{"userId":"u"}},{"name":"partners/b""#), "{request}");

    let (site, host) = serve(folder)?;
    let lines = send(&site, &host, "app/account.closed", &json!({ "userId": "u" })).lines();
    let said = lines[1]["output"]["message"].as_str().expect("it fails");
    assert!(said.contains("send with `step.sendEvent` after the step, or grant the plugin the variables"), "{said}");
    Ok(())
}

/// The package where it is not asked for, what serves functions, middleware.
fn refuses(folder: &Path) -> Result<(), Failed> {
    let project = folder.join("tests/guests/refused");
    fs::create_dir_all(&project)?;
    let says = |module: &str, arguments: &[&str]| -> Result<String, Failed> {
        fs::write(project.join("index.ts"), module)?;
        let build = folder.join("sdk/typescript/dist/build/cli.js");
        let output = Command::new("node").arg(build).arg(&project).args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{module} was built: {said}");
        Ok(said)
    };
    let plain = "import { Inngest } from 'inngest';\nexport default new Inngest({ id: 'x' });\n";
    let said = says(plain, &[])?;
    assert!(said.contains("needs Inngest's server") && said.contains("stepwell-build --inngest"), "{said}");
    let said = says("import { serve } from 'inngest/next';\nexport default serve;\n", &["--inngest"])?;
    assert!(said.contains("\"inngest/next\" of Inngest's") && said.contains("a plugin is not served"), "{said}");
    let client =
        "import { Inngest } from 'inngest';\nexport const inngest = new Inngest({ id: 'x', middleware: [{}] });\n";
    let said = says(client, &["--inngest"])?;
    assert!(said.contains("NonRetriableError: middleware is Inngest's") && said.contains("index.ts:2:"), "{said}");
    Ok(())
}
