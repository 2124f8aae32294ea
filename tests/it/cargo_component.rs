//! The examples, built with `cargo component` where that is installed: both ways to build are to give a plugin.

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::guests;
use crate::process::Site;

pub fn trials() -> Vec<Trial> {
    let is_installed = cargo().arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_installed {
        eprintln!("cargo component is not installed (cargo install cargo-component --locked): its test is left out");
    }
    vec![Trial::test("cargo_component::builds_the_examples", builds).with_ignored_flag(!is_installed)]
}

fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.arg("component").env_remove("CARGO_TARGET_DIR");
    cargo
}

fn builds() -> Result<(), Failed> {
    let target = guests::root().canonicalize()?.join("target/tests/cargo-component");
    let mut build = cargo();
    build
        .current_dir(guests::root().join("guest-examples/rust"))
        .args(["build", "--release", "--target-dir"])
        .arg(&target);
    let output = build.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let site = Site::new(&[]);
    for plugin in ["hello", "product-import", "failure-reporter"] {
        site.put_bytes(plugin, &std::fs::read(component(&target, plugin))?);
    }
    let mut host = site.serve(&["--retry-interval", "1ms", "--event-key", "test"], &[])?;
    host.wait_for("the plugins", |host| (host.get("/api/v1/plugins")["plugins"].as_array()?.len() == 3).then_some(()));
    let event = host.send(&json!({ "name": "demo/hello", "data": { "name": "Ada" } })).expect("accepted");
    let run = host.wait_for("the run's end", |host| ended(&host.get(&format!("/v1/events/{event}/runs"))));
    assert_eq!(run["output"], "Hello, Ada!");

    let data = json!({ "sku": "A-1001", "shop_api": "down" });
    let event = host.send(&json!({ "name": "shop/product.imported", "data": data })).expect("accepted");
    let run = host.wait_for("the failure", |host| ended(&host.get(&format!("/v1/events/{event}/runs"))));
    assert_eq!(run["output"]["name"], "ShopUnavailable");
    let runs = host.wait_for("its handler's and its listener's end", |host| {
        let runs = host.get("/api/v1/runs")["runs"].as_array()?.clone();
        (runs.len() == 4 && runs.iter().all(|run| run["ended_at"].is_string())).then_some(runs)
    });
    let handled = runs.iter().filter(|other| other["failed_run_id"] == run["run_id"]).count();
    assert_eq!(handled, 1, "{runs:?}");
    Ok(())
}

/// `cargo component` builds for preview 1 and adapts.
fn component(target: &Path, plugin: &str) -> PathBuf {
    target.join(format!("wasm32-wasip1/release/{}.wasm", plugin.replace('-', "_")))
}

fn ended(runs: &Value) -> Option<Value> {
    let run = runs["data"].get(0)?;
    run["ended_at"].is_string().then(|| run.clone())
}
