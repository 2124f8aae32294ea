//! What it costs that there are many functions: ten plugins of a thousand each, beside one of one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use super::client;
use super::compare::{Comparison, Figures, Pair};
use super::crowd::median_ms;
use super::host::{Durability, Host, Plugin, Setup};
use crate::guests;

/// What many functions cost.
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
fn plugin(folder: &Path, number: usize, functions: usize) -> Result<Plugin> {
    const BUILT: &[u8] = b"many: 0001 functions, plugin 0";
    let mut bytes = std::fs::read(guests::path("many"))?;
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(BUILT)).collect();
    let [place] = places[..] else { anyhow::bail!("the guest `many` has its numbers in {} places", places.len()) };
    let text = format!("many: {functions:04} functions, plugin {number}");
    bytes[place..place + BUILT.len()].copy_from_slice(text.as_bytes());
    let file: PathBuf = folder.join(format!("many-{number}-{functions}.wasm"));
    std::fs::write(&file, bytes).with_context(|| format!("write {}", file.display()))?;
    Ok(Plugin { name: format!("many-{number}"), file })
}

fn figures(host: &Host) -> Result<Figures> {
    // The last function of the first plugin, whatever their number is.
    let event = |name: &str| format!(r#"{{"name":"many/{name}","data":{{"sku":"A-1001","count":12}}}}"#);
    let other = client::send(host.address(), (0..EVENTS).map(|_| event("other")))?;
    let mut figures = vec![("an event that nobody listens to", median_ms(other))];
    for (at_once, [accepted, ended]) in [
        (1, ["a run, one at once: accepted", "a run, one at once: ended"]),
        (16, ["a run, 16 at once: accepted", "a run, 16 at once: ended"]),
    ] {
        let events = vec![event("0.f0"); EVENTS * if at_once == 1 { 1 } else { 5 }];
        let timings = client::load(host.address(), events, at_once)?.runs;
        figures.push((accepted, median_ms(timings.iter().map(|run| run.accepted).collect())));
        figures.push((ended, median_ms(timings.iter().map(|run| run.ended).collect())));
    }
    Ok(figures)
}
