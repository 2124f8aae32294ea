//! npm packages that functions import, each called against a server on this machine: the suites of `tests/packages`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Failed, Trial};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::guests;
use crate::process::{Host, Said, Site};
use crate::server::{Request, Server, response};
use crate::typescript::{PACKAGES, send, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("packages::clients_of_models", |folder| suite(folder, "models")),
        trial("packages::mail_payment_and_services", |folder| suite(folder, "business")),
        trial("packages::storage_databases_and_queues", |folder| suite(folder, "stores")),
        trial("packages::requests_tokens_and_passwords", |folder| suite(folder, "http")),
        trial("packages::dates_validation_ids_and_markup", |folder| suite(folder, "data")),
        trial("packages::what_is_for_node_says_what_to_use", refused),
    ]
}

/// The requests of a package, in any order among those that differ, and the output of its function.
#[derive(Deserialize)]
struct Expected {
    #[serde(default)]
    exchanges: Vec<Exchange>,
    output: Value,
}

#[derive(Clone, Deserialize)]
struct Exchange {
    /// Method and path; with a query, the request's is to be the same.
    request: String,
    /// Parts of the request's head or body. Names of headers are in small letters.
    #[serde(default)]
    sent: Vec<String>,
    #[serde(default = "ok")]
    status: u16,
    /// `{url}` is the server's.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A text is sent as it is, anything else as JSON.
    answer: Value,
}

const fn ok() -> u16 {
    200
}

/// The exchanges that are still to come, and what was asked beside them.
#[derive(Default)]
struct Script {
    url: String,
    left: Vec<Exchange>,
    odd: Vec<String>,
}

/// Each package of a suite comes to what `answers/NAME.json` says, after the exchanges in there.
fn suite(folder: &Path, name: &str) -> Result<(), Failed> {
    let answers = fs::read(guests::root().join(PACKAGES).join(format!("answers/{name}.json")))?;
    let packages: BTreeMap<String, Expected> = serde_json::from_slice(&answers)?;
    let script = Arc::new(Mutex::new(Script::default()));
    let theirs = script.clone();
    let server = Server::with(move |request| Some(theirs.lock().expect("no panic while held").answer(request)));
    script.lock().expect("no panic while held").url = server.url("");
    let (site, mut host) = serve(folder, name, &server)?;
    let mut failed = Vec::new();
    for (package, expected) in packages {
        script.lock().expect("no panic while held").left = expected.exchanges;
        let said = send(&site, &host, &format!("packages/{package}"), &json!({ "url": server.url("") }));
        let output = said.stdout.lines().nth(1).map(serde_json::from_str::<Value>).transpose()?.unwrap_or_default();
        let mut script = script.lock().expect("no panic while held");
        let unasked: Vec<_> = script.left.drain(..).map(|exchange| exchange.request).collect();
        let odd = std::mem::take(&mut script.odd);
        if output["output"] != expected.output || !unasked.is_empty() || !odd.is_empty() {
            failed.push(format!("{package}: {output}{}\nnot asked: {unasked:?}\nasked: {odd:#?}", said.stderr));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    assert_eq!(host.terminate().code(), Some(0), "{}", host.log());
    Ok(())
}

/// A package that cannot run in a plugin fails the build, at its import, with what to use in its place.
fn refused(folder: &Path) -> Result<(), Failed> {
    let folder = folder.join(PACKAGES);
    for (package, instead) in [
        ("nodemailer", "send mail over HTTP, with resend"),
        ("pg", "use @neondatabase/serverless"),
        ("mysql2/promise", "use @planetscale/database"),
        ("mongodb", "reach MongoDB by a service of yours over HTTP"),
        ("mongoose", "reach MongoDB by a service of yours over HTTP"),
        ("ioredis", "use @upstash/redis"),
        ("redis", "use @upstash/redis"),
        ("bullmq", "send an event (`step.sendEvent`)"),
        ("jsonwebtoken", "use jose"),
        ("bcrypt", "use bcryptjs"),
        ("got", "use the global `fetch`"),
        ("node-fetch", "use the global `fetch`"),
        ("undici", "use the global `fetch`"),
        ("twilio", "ask its API with `step.fetch`"),
        ("winston", "use the run's `logger`"),
        ("google-auth-library", "ask the REST API with `fetch`"),
    ] {
        let name = package.split('/').next().unwrap_or_default();
        let module = format!("refused-{name}.ts");
        fs::write(folder.join(&module), format!("import * as all from '{package}';\nexport default all;\n"))?;
        let mut command = Command::new("npx");
        let said = Said::of(command.current_dir(&folder).args(["stepwell-build", &module, "-o", "refused.wasm"]));
        let what = format!("\"{name}\" is for Node, which a plugin does not run in");
        let has = |part: &str| said.stderr.contains(part);
        assert!(said.code == 1 && has(&what) && has(instead) && has(&format!("{module}:1:")), "{package}: {said:?}");
    }
    Ok(())
}

fn serve(folder: &Path, name: &str, server: &Server) -> Result<(Site, Host), Failed> {
    let site = Site::new(&[]);
    let (address, url) = (server.address(), server.url(""));
    site.configure(&format!(
        "[plugins.{name}]\nprivate_hosts = [\"{address}\"]\n[plugins.{name}.variables]\nVERCEL_BLOB_API_URL = \"{url}\"\n"
    ));
    site.put_bytes(name, &fs::read(folder.join(PACKAGES).join(format!("dist/{name}.wasm")))?);
    let host = site.serve(&["--event-key", "test"], &[])?;
    Ok((site, host))
}

impl Script {
    fn answer(&mut self, request: &Request) -> Vec<u8> {
        let method = request.head.split_whitespace().next().unwrap_or_default();
        let path = request.path.split('?').next().unwrap_or_default();
        let asked = [format!("{method} {path}"), format!("{method} {}", request.path)];
        let mut sent = request.head.lines().map(small_name).collect::<Vec<_>>().join("\n");
        sent.push_str(&String::from_utf8_lossy(&request.body));
        let is_it = |exchange: &Exchange| {
            asked.contains(&exchange.request) && exchange.sent.iter().all(|part| sent.contains(part.as_str()))
        };
        let Some(at) = self.left.iter().position(is_it) else {
            self.odd.push(sent);
            return response(501, "", b"no such answer");
        };
        let Exchange { status, headers, answer, .. } = self.left.remove(at);
        let mut head: String =
            headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.replace("{url}", &self.url))).collect();
        match answer.as_str() {
            Some(text) => response(status, &head, text.as_bytes()),
            None => {
                if !headers.contains_key("content-type") {
                    head.push_str("content-type: application/json\r\n");
                }
                response(status, &head, answer.to_string().as_bytes())
            }
        }
    }
}

/// A header with its name in small letters.
fn small_name(line: &str) -> String {
    match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_ascii_lowercase()),
        None => line.to_owned(),
    }
}
