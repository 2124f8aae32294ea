//! The room's tests, on small guests written in WAT.

mod ends;
mod guest;
pub(super) mod host;
mod loading;
mod resident;
mod running;

use std::sync::{Arc, OnceLock};

use self::host::{Player, STARTED};
use super::{Bounds, Compiler, Entry, Exit, Grants, Options, Owner, Plugin, Sandbox};
use crate::model::{Event, EventId, IdSource, Json, Namespace, RunId};

/// A sandbox for all tests: a pool takes a while to reserve.
fn sandbox() -> &'static Arc<Sandbox> {
    static SANDBOX: OnceLock<(tempfile::TempDir, Arc<Sandbox>)> = OnceLock::new();
    let (_, sandbox) = SANDBOX.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a directory");
        let cache = dir.path().join("cache");
        let sandbox = Sandbox::new(Options {
            cache,
            compiler: Compiler::InProcess,
            instances: 16,
            computing: 3,
            memory: super::InstanceMemory::Reset,
            memory_total: 1 << 30,
        })
        .expect("sets up");
        (dir, sandbox)
    });
    sandbox
}

async fn load(bytes: Arc<[u8]>) -> Plugin {
    sandbox().load(bytes).await.expect("loads")
}

fn ids() -> (RunId, EventId) {
    let ids = IdSource::new(0, [1; 32]);
    (ids.run(1_000), ids.event(1_000))
}

fn entry() -> Entry {
    let (run, event) = ids();
    let event = Event {
        id: event,
        namespace: Namespace::default(),
        name: "a".into(),
        sender_id: None,
        seed: None,
        at: 1_000,
        json: Json::trusted(r#"{"name":"a","data":{}}"#),
    };
    Entry {
        owner: Owner::Described,
        run,
        function: "f".into(),
        attempt: 0,
        max_attempts: 5,
        events: vec![Arc::new(event)],
        on_failure: None,
        secret: [3; 32],
        started: STARTED,
    }
}

const BOUNDS: Bounds = Bounds { memory_bytes: 16 << 20, deadline_ms: 10_000 };

async fn enter(plugin: &Plugin, player: &Player) -> Exit {
    enter_within(plugin, player, BOUNDS).await
}

async fn enter_within(plugin: &Plugin, player: &Player, bounds: Bounds) -> Exit {
    let (exit, _) = plugin.enter(entry(), Box::new(player.clone()), &Arc::new(Grants::default()), bounds).await;
    exit
}

/// Loads a guest with this `run` and enters it.
async fn run(run: &str) -> (Exit, Player) {
    let player = Player::default();
    let exit = enter(&load(guest::running(run)).await, &player).await;
    (exit, player)
}
