//! The cost of many functions: ten plugins of a thousand each, beside one of one.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::client;
use super::compare::{Comparison, Figures, Pair, Side};
use super::crowd::median_ms;
use super::host::{Durability, Host, Plugin, Setup};
use crate::guests;

/// The cost of many functions.
#[derive(Debug, Serialize)]
pub struct Many {
    pub functions: usize,
    pub comparisons: Vec<Comparison>,
    pub empty_mb: f64,
    pub crowded_mb: f64,
}

const PLUGINS: usize = 10;
const FUNCTIONS: usize = 1_000;
/// Events of one measurement.
const EVENTS: usize = 200;

pub fn measure(binary: &Path, folder: &Path, rounds: usize) -> Result<Many> {
    let one = [plugin(folder, 0, 1)?];
    let many = (0..PLUGINS).map(|number| plugin(folder, number, FUNCTIONS)).collect::<Result<Vec<_>>>()?;
    let start = |name: &str, plugins: &[Plugin]| {
        let folder = folder.join(name);
        Host::start(Setup { binary, folder: &folder, durability: Durability::Strict, plugins, config: "" })
    };
    let pair = Pair { empty: start("empty", &one)?, crowded: start("crowded", &many)? };
    let comparisons = pair.compare(rounds, figures)?;
    let (empty_mb, crowded_mb) = (pair.empty.memory_mb()?, pair.crowded.memory_mb()?);
    pair.empty.stop()?;
    pair.crowded.stop()?;
    Ok(Many { functions: PLUGINS * FUNCTIONS, comparisons, empty_mb, crowded_mb })
}

/// Writes other digits into the built guest: a plugin of so many functions.
fn plugin(folder: &Path, plugin: usize, functions: usize) -> Result<Plugin> {
    let mut bytes = std::fs::read(guests::path("many"))?;
    let numbers = write(&mut bytes, "many: 0001 functions", &format!("many: {functions:04} functions"));
    let events = write(&mut bytes, "many/0.f", &format!("many/{plugin}.f"));
    ensure!((numbers, events) == (1, FUNCTIONS), "the guest `many` does not have its texts where they were looked for");
    let file = folder.join(format!("many-{plugin}-{functions}.wasm"));
    std::fs::write(&file, bytes).with_context(|| format!("write {}", file.display()))?;
    Ok(Plugin { name: format!("many-{plugin}"), file })
}

/// Replaces `before` by `after`, which is as long, wherever it stands. Returns in how many places.
fn write(bytes: &mut [u8], before: &str, after: &str) -> usize {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(before.as_bytes())).collect();
    for place in &places {
        bytes[*place..place + before.len()].copy_from_slice(after.as_bytes());
    }
    places.len()
}

fn figures(host: &Host, side: Side) -> Result<Figures> {
    let event = |name: &str| format!(r#"{{"name":"many/{name}","data":{{"sku":"A-1001","count":12}}}}"#);
    let (plugins, functions) = match side {
        Side::Empty => (1, 1),
        Side::Crowded => (PLUGINS, FUNCTIONS),
    };
    // All plugins in turn, and functions from everywhere in them.
    let events = |number: usize| -> Vec<String> {
        (0..number).map(|n| event(&format!("{}.f{:03}", n % plugins, n * 37 % functions))).collect()
    };
    let other = client::send(host.address(), (0..EVENTS).map(|_| event("other")))?;
    let mut figures = vec![("an event that nobody listens to", median_ms(other))];
    for (at_once, [accepted, ended]) in [
        (1, ["a run, one at once: accepted", "a run, one at once: ended"]),
        (16, ["a run, 16 at once: accepted", "a run, 16 at once: ended"]),
    ] {
        let timings = client::load(host.address(), events(EVENTS * if at_once == 1 { 1 } else { 5 }), at_once)?.runs;
        figures.push((accepted, median_ms(timings.iter().map(|run| run.accepted).collect())));
        figures.push((ended, median_ms(timings.iter().map(|run| run.ended).collect())));
    }
    Ok(figures)
}
