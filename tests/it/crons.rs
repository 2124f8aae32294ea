//! Schedules beyond what scenarios can say: an occurrence that is fired twice, a machine that was paused.

use std::collections::BTreeMap;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use stepwell::model::{FunctionKey, Namespace, Occurrence, PluginName, Role};

use crate::clock::START;
use crate::process::Site;
use crate::scenarios::component;
use crate::stage::Stage;

const HOUR_MS: u64 = 3_600_000;

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("crons::g23_an_occurrence_that_is_fired_twice_starts_one_run", || play(fires_twice())),
        Trial::test("crons::after_a_pause_of_the_machine_one_of_what_was_missed_runs", || play(pauses())),
        Trial::test("crons::functions_list_tells_schedules_and_their_next_time", lists),
    ]
}

fn play(test: impl Future<Output = ()>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(test);
    Ok(())
}

fn guest(functions: &[(&str, Value)]) -> Arc<[u8]> {
    let functions: BTreeMap<String, Value> = functions.iter().map(|(id, one)| ((*id).into(), one.clone())).collect();
    component(&functions)
}

fn hourly() -> Value {
    json!({ "triggers": [{ "cron": "@hourly" }] })
}

async fn fires_twice() {
    let mut stage = Stage::open().await;
    stage.offer("app", guest(&[("f", hourly()), ("g", hourly())])).await;
    stage.advance_to(START + HOUR_MS).await;
    assert_eq!(stage.history().await.0.len(), 2);
    let function = Arc::new(FunctionKey {
        namespace: Namespace::default(),
        plugin: PluginName::new("app").expect("a name"),
        function: "f".into(),
        role: Role::Main,
    });
    let first = Occurrence { scheduled: START + HOUR_MS, at: START + HOUR_MS };
    let fire = async |stage: &Stage, cron: &str, occurrence| {
        stage.host().timetable().fire(&function, cron, occurrence).await.expect("the store works")
    };
    assert_eq!(fire(&stage, "@hourly", first).await, None, "it has run");
    stage.restart(0).await;
    assert_eq!(fire(&stage, "@hourly", first).await, None, "and that is remembered");
    let second = Occurrence { scheduled: START + 2 * HOUR_MS, at: START + 2 * HOUR_MS };
    assert_eq!(fire(&stage, "@daily", second).await, None, "it has no such schedule");
    assert!(fire(&stage, "@hourly", second).await.is_some());
    stage.advance_to(START + 2 * HOUR_MS).await;
    assert_eq!(stage.history().await.0.len(), 4, "f ran by hand already, g by its schedule");
    stage.close().await;
}

async fn pauses() {
    let stage = Stage::open().await;
    stage.offer("app", guest(&[("f", hourly())])).await;
    stage.pause_until(START + 10 * HOUR_MS + 1_000).await;
    stage.advance_to(START + 11 * HOUR_MS).await;
    let scheduled: Vec<_> = stage.history().await.1.iter().map(|event| (event.at - START) / HOUR_MS).collect();
    assert_eq!(scheduled, [1, 11]);
    stage.close().await;
}

fn lists() -> Result<(), Failed> {
    let site = Site::new(&[]);
    let options = json!({ "triggers": [{ "cron": "TZ=Asia/Tokyo 0 9 1 1 *", "jitter": "90s" }, { "event": "a/b" }] });
    site.put_bytes("plugin", &guest(&[("f", options)]));
    let mut host = site.serve(&[], &[])?;
    host.wait_for("the plugin", |host| {
        host.request("GET", "/api/v1/functions", "").ok()?.1.contains("plugin-f").then_some(())
    });
    let listed = site.ask(&host, &["functions", "list", "--json"], &[]).json()["functions"][0]["triggers"].clone();
    assert_eq!(listed[0], json!({ "event": "a/b" }));
    assert_eq!((&listed[1]["cron"], &listed[1]["jitter"]), (&json!("TZ=Asia/Tokyo 0 9 1 1 *"), &json!("90s")));
    assert!(listed[1]["next_at"].as_str().is_some_and(|next| next.contains("-01-01T00:0")), "{listed}");
    let table = site.ask(&host, &["functions", "list"], &[]).stdout;
    assert!(table.contains("a/b, cron TZ=Asia/Tokyo 0 9 1 1 * (next ") && table.contains("-01-01 00:0"), "{table}");
    let checked = site.ask(&host, &["check", "plugins/plugin.wasm"], &[]).stdout;
    assert!(checked.contains("a/b, cron TZ=Asia/Tokyo 0 9 1 1 *"), "{checked}");
    Ok(())
}
