//! Requests of TypeScript's steps on the real host, many and large, good and bad, and the Web's interfaces around them.

use std::path::Path;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::process::{Host, Site};
use crate::server::Server;
use crate::typescript::{GUEST, send, serve_with, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("requests::ten_thousand_in_one_step", many),
        trial("requests::large_bodies_and_long_streams", large),
        trial("requests::what_never_ends_meets_the_deadline", endless),
        trial("requests::a_response_may_come_before_the_requests_end", early),
        trial("requests::bounds_are_named", bounds),
        trial("requests::a_signal_aborts_them", aborted),
        trial("requests::a_cancelled_run_ends_them", cancelled),
        trial("requests::redirects_are_followed_as_far_as_they_are_granted", redirects),
        trial("requests::encoded_bodies_are_decoded", encoded),
        trial("requests::what_was_thrown_is_told", thrown),
        trial("requests::the_web_is_there", web),
    ]
}

/// A host with the guest, which may ask the server.
struct Stage {
    server: Server,
    site: Site,
    host: Host,
}

impl Stage {
    fn new(folder: &Path, settings: &str) -> Result<Self, Failed> {
        let server = Server::new();
        let grants = format!("private_hosts = [\"{}\"]", server.address());
        let (site, host) = serve_with(folder, &[GUEST], &format!("[plugins.sdk-typescript]\n{grants}\n{settings}\n"))?;
        Ok(Self { server, site, host })
    }

    /// The run that does this at that path.
    fn run(&self, what: &str, path: &str, n: usize) -> Value {
        let data = json!({ "what": what, "url": self.server.url(path), "n": n });
        send(&self.site, &self.host, "ts/requests", &data).lines()[1].clone()
    }

    /// The output of that run.
    fn output(&self, what: &str, path: &str, n: usize) -> Value {
        self.run(what, path, n)["output"].clone()
    }

    fn end(mut self) {
        assert_eq!(self.host.terminate().code(), Some(0), "{}", self.host.log());
    }
}

fn many(folder: &Path) -> Result<(), Failed> {
    let stage = Stage::new(folder, "")?;
    assert_eq!(stage.output("one after the other", "", 10_000), 50_000);
    assert!(stage.server.connections() <= 4, "connections are used again: {}", stage.server.connections());
    assert_eq!(stage.output("all at once", "", 10_000), 50_000);
    assert_eq!(stage.output("never read", "", 1_000), 1_000);
    stage.end();
    Ok(())
}

fn large(folder: &Path) -> Result<(), Failed> {
    let stage = Stage::new(folder, "")?;
    for what in ["whole", "stream"] {
        assert_eq!(stage.output(what, "", 40_000_000), 40_000_000, "{what}");
    }
    assert_eq!(stage.output("stream is sent", "/echo", 50), "POST 50000 bytes");
    stage.end();
    Ok(())
}

fn endless(folder: &Path) -> Result<(), Failed> {
    let mut stage = Stage::new(folder, "deadline = \"1s\"")?;
    for (path, given_up) in [("/endless", 1), ("/silent", 2)] {
        let output = stage.output("text", path, 0);
        assert_eq!((&output["name"], &output["code"]), (&json!("Timeout"), &json!("deadline")), "{output}");
        let said = output["message"].as_str().unwrap_or_default();
        assert!(said.starts_with("step request took longer than its deadline of 1s"), "{said}");
        stage.host.wait_for("the connection's end", |_| (stage.server.given_up() == given_up).then_some(()));
    }
    stage.end();
    Ok(())
}

/// The response counts, and nothing is sent on; a body that was sent whole is never taken for one that failed.
fn early(folder: &Path) -> Result<(), Failed> {
    let stage = Stage::new(folder, "")?;
    for parts in [0, 1, 100] {
        assert_eq!(stage.output("answered early", "/early", parts), json!([413, "too large", true]), "{parts}");
    }
    assert_eq!(stage.output("posts at once", "/echo", 5_000), 5_000);
    stage.end();
    Ok(())
}

fn bounds(folder: &Path) -> Result<(), Failed> {
    let stage = Stage::new(folder, "")?;
    let open = stage.output("too many open", "", 300);
    assert_eq!((&open["message"], &open["cause"]["code"]), (&json!("fetch failed"), &json!("EMFILE")), "{open}");
    let cause = open["cause"]["message"].as_str().unwrap_or_default();
    assert!(cause.starts_with("more than 256 responses are open"), "{cause}");
    let timers = stage.output("too many timers", "", 20_000);
    assert_eq!(timers["code"], "handles_limit", "{timers}");
    let said = timers["message"].as_str().unwrap_or_default();
    assert!(said.starts_with("the plugin held more than 10000 handles at once"), "{said}");
    let memory = stage.output("too much memory", "", 0);
    let said = memory["message"].as_str().unwrap_or_default();
    assert!(said.contains("its limit is 256 MiB; the plugin's setting `memory` raises it"), "{memory}");
    stage.end();
    Ok(())
}

fn aborted(folder: &Path) -> Result<(), Failed> {
    let mut stage = Stage::new(folder, "")?;
    let timed_out = json!(["TimeoutError", "The operation was aborted due to timeout"]);
    assert_eq!(stage.output("post times out", "/silent", 50), timed_out);
    stage.host.wait_for("the connection's end", |_| (stage.server.given_up() == 1).then_some(()));
    assert_eq!(stage.output("body times out", "/endless", 50), json!(["Error", "enough"]));
    stage.host.wait_for("the connection's end", |_| (stage.server.given_up() == 2).then_some(()));
    stage.end();
    Ok(())
}

fn cancelled(folder: &Path) -> Result<(), Failed> {
    let mut stage = Stage::new(folder, "")?;
    let cases = [("status", "/silent"), ("text", "/endless"), ("step.fetch", "/silent")];
    for (number, (what, path)) in cases.into_iter().enumerate() {
        let data = json!({ "what": what, "url": stage.server.url(path), "n": 0 });
        let event = stage.host.send(&json!({ "name": "ts/requests", "data": data })).expect("it is acknowledged");
        let server = &stage.server;
        stage.host.wait_for("the request", |_| (server.hanging() == number + 1).then_some(()));
        let runs = stage.host.get(&format!("/v1/events/{event}/runs"));
        let id = runs["data"][0]["run_id"].as_str().expect("a run").to_owned();
        let (status, said) = stage.host.request("DELETE", &format!("/v1/runs/{id}"), "")?;
        assert!((200..300).contains(&status), "{said}");
        stage.host.wait_for("the connection's end", |_| (server.given_up() == number + 1).then_some(()));
        stage.host.wait_for("the run's end", |host| {
            (host.get(&format!("/v1/runs/{id}"))["data"]["status"] == "Cancelled").then_some(())
        });
    }
    stage.end();
    Ok(())
}

fn redirects(folder: &Path) -> Result<(), Failed> {
    let stage = Stage::new(folder, "")?;
    let followed = |status: u16, wanted: &str| {
        let path = format!("/redirect/{status}/to//echo");
        assert_eq!(stage.output("post is redirected", &path, 0), wanted, "{status}");
    };
    // To the same origin, which may know the secret.
    followed(301, "GET 0 bytes with the secret");
    followed(302, "GET 0 bytes with the secret");
    followed(303, "GET 0 bytes with the secret");
    followed(307, "POST 4 bytes with the secret");
    followed(308, "POST 4 bytes with the secret");
    let other = Server::new();
    let elsewhere = format!("/redirect/307/to/{}", other.url("/echo"));
    assert_eq!(stage.output("follow", "/redirect/302/to//hello", 0), json!([200, true, "/hello", "hello"]));
    let path = "/redirect/302/to//hello";
    assert_eq!(stage.output("manual", path, 0), json!([302, false, path, "moved"]));
    let failed = |what: &str, path: &str, reason: &str, code: &str| {
        let told = stage.output(what, path, 0);
        assert_eq!(
            (&told[0], &told[1], &told[3]),
            (&json!("TypeError"), &json!("fetch failed"), &json!(code)),
            "{told}"
        );
        assert!(told[2].as_str().is_some_and(|said| said.contains(reason)), "{told}");
    };
    failed("error", path, "redirects the request", "ERR_REDIRECT");
    failed("told what failed", "/loop", "more than 20 redirects", "ERR_TOO_MANY_REDIRECTS");
    failed("told what failed", &elsewhere, "no grant lets the plugin reach that host", "EACCES");
    assert_eq!(other.connections(), 0, "a hop that is not granted is not made");
    stage.end();
    Ok(())
}

fn encoded(folder: &Path) -> Result<(), Failed> {
    let stage = Stage::new(folder, "memory = \"128MiB\"")?;
    assert_eq!(stage.output("unpacked", "/gzip", 0), 1 << 20);
    assert_eq!(stage.output("step.fetch", "/gzip", 0), json!([200, 1 << 20]));
    // A gigabyte goes through a memory of 128 MiB, as long as nobody keeps it.
    assert_eq!(stage.output("unpacked", "/bomb", 0), 1_u64 << 30);
    let kept = stage.output("text", "/bomb", 0);
    let said = kept["message"].as_str().unwrap_or_default();
    assert!(said.contains("its limit is 128 MiB; the plugin's setting `memory` raises it"), "{kept}");
    let recorded = stage.output("step.fetch", "/bomb", 0);
    assert_eq!(recorded["code"], "response_too_large", "{recorded}");
    stage.end();
    Ok(())
}

fn thrown(folder: &Path) -> Result<(), Failed> {
    let stage = Stage::new(folder, "")?;
    let timer = stage.output("timer throws", "", 0);
    let said = timer["message"].as_str().unwrap_or_default();
    assert!(said.starts_with("a timer's callback threw: Error: from a timer\n    at "), "{timer}");
    assert!(said.contains("(src/requests.ts:"), "{timer}");
    let getter = stage.output("hostile getter", "", 0);
    assert_eq!((&getter["name"], &getter["message"]), (&json!("RangeError"), &json!("the reason")), "{getter}");
    assert_eq!(stage.output("halves", "", 0), json!({ "text": "nice \u{fffd}" }));
    let run = stage.run("halves are thrown", "", 0);
    assert_eq!(run["output"]["message"], "nice \u{fffd}", "{run}");
    let shown = stage.host.get(&format!("/api/v1/runs/{}", run["run_id"].as_str().expect("an id")));
    assert_eq!(shown["error"]["details"], json!({ "text": "nice \u{fffd}", "order": 7 }), "{shown}");
    stage.end();
    Ok(())
}

fn web(folder: &Path) -> Result<(), Failed> {
    let stage = Stage::new(folder, "")?;
    assert_eq!(stage.output("timers keep their order", "", 0), json!(["at once", "early", "late"]));
    let wanted = json!({
        "clone": ["hello", "hello", true],
        "aborted": ["AbortError", true, ["any", "onabort"], "AbortError"],
        "urls": [true, false],
        "message": { "a": 1 },
        "socket": "NotSupportedError",
        "chunks": ["abc"],
        "latin1": "\u{fffd}a",
        "from": "hi",
        "form": "b",
        "request": "told",
        "data": "hi",
    });
    assert_eq!(stage.output("the web", "", 0), wanted);
    let wanted =
        json!({ "isSigned": true, "unsealed": "told", "bits": 32, "hmac": 32, "code": "NoSuchKey", "broken": 1 });
    assert_eq!(stage.output("keys and XML", "", 0), wanted);
    stage.end();
    Ok(())
}
