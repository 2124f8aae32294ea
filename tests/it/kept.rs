//! Databases that earlier releases have left, which this build has to open and finish (`tests/kept`).
//!
//! A folder is a scenario with one restart: an earlier build did what comes before it and left `data`, this one goes on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

use crate::clock::{START, VirtualClock};
use crate::guests;
use crate::render;
use crate::scenario_guests::Guests;
use crate::scenarios::{Deed, Scenario, compare, perform};
use crate::stage::Stage;

/// The guest and the plugin of the functions of such databases.
const PLUGIN: &str = "kept";

pub fn trials() -> Vec<Trial> {
    let folders = fs::read_dir(guests::root().join("tests/kept")).expect("the folders are there");
    let folders = folders.map(|entry| entry.expect("readable").path()).filter(|path| path.is_dir());
    folders.flat_map(|folder| of_folder(&folder)).collect()
}

fn of_folder(folder: &Path) -> [Trial; 3] {
    let release = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
    let test = |name: &str, run: fn(&Path) -> Result<(), Failed>| {
        let folder = folder.to_owned();
        Trial::test(format!("kept::{release}::{name}"), move || run(&folder))
    };
    [
        test("is_finished", |folder| block_on(finish(folder))),
        test("comes_to_the_same_without_it", |folder| block_on(play(folder))),
        test("write", |folder| block_on(write(folder))).with_ignored_flag(true),
    ]
}

fn block_on(test: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(test)
}

/// The history before the restart, the restart, and the history behind it.
fn halves(scenario: &Scenario) -> (&[Deed], &Deed, &[Deed]) {
    let restart = scenario.deeds.iter().position(|deed| deed.restart).expect("a restart");
    let (before, rest) = scenario.deeds.split_at(restart);
    (before, &rest[0], &rest[1..])
}

async fn act(stage: &mut Stage, scenario: &Scenario, deeds: &[Deed]) -> Result<(), Failed> {
    let none = Guests { app: [].into(), other: [].into() };
    for deed in deeds {
        stage.advance_to(START + deed.at_s * 1_000).await;
        perform(stage, scenario, &none, deed).await?;
    }
    Ok(())
}

/// From the restart on, on a copy of what was left.
async fn finish(folder: &Path) -> Result<(), Failed> {
    let scenario = Scenario::read(folder)?;
    let (_, restart, behind) = halves(&scenario);
    let data = tempfile::tempdir()?;
    copy(&folder.join("data"), data.path())?;
    let clock = VirtualClock::at(START + restart.at_s * 1_000);
    end(Stage::open_on(data, clock).await, &scenario, behind, folder).await
}

/// The whole of it by this build.
async fn play(folder: &Path) -> Result<(), Failed> {
    let scenario = Scenario::read(folder)?;
    let mut stage = Stage::open().await;
    stage.load(PLUGIN, PLUGIN).await;
    let (before, restart, behind) = halves(&scenario);
    act(&mut stage, &scenario, before).await?;
    act(&mut stage, &scenario, std::slice::from_ref(restart)).await?;
    end(stage, &scenario, behind, folder).await
}

async fn end(mut stage: Stage, scenario: &Scenario, behind: &[Deed], folder: &Path) -> Result<(), Failed> {
    act(&mut stage, scenario, behind).await?;
    stage.advance_to(u64::MAX).await;
    let (runs, events) = stage.history().await;
    stage.close().await;
    compare(&folder.join("expected.txt"), &render::history(&runs, &events))
}

/// Up to the restart, and leaves the data: for a release's own database, once.
async fn write(folder: &Path) -> Result<(), Failed> {
    let scenario = Scenario::read(folder)?;
    let (before, restart, _) = halves(&scenario);
    let mut stage = Stage::open().await;
    stage.load(PLUGIN, PLUGIN).await;
    act(&mut stage, &scenario, before).await?;
    stage.advance_to(START + restart.at_s * 1_000).await;
    let data = stage.leave().await;
    Ok(copy(data.path(), &folder.join("data"))?)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path: PathBuf = entry?.path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
