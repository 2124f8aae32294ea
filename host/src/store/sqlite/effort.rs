//! How much the database has to do for one event and its run: no more beside a crowd of runs that sleep or wait.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::after::After;
use super::leases::Active;
use super::writer::{Trouble, Writer};
use super::{Durability, Opened, Options};
use crate::model::{
    Digest, Event, FunctionKey, IdSource, Json, Millis, Namespace, NewRun, OpKey, Outcome, PluginName, Role,
};
use crate::store::{Effect, Error, OnConflict, Publication, SignalWait, Verdict, Wait};

const NOW: Millis = 1_795_000_000_000;

/// Others, that are to cost nothing.
const CROWD: u64 = 2_000;

/// A writer whose database counts what it does.
struct Scene {
    writer: Writer,
    steps: Arc<AtomicU64>,
    ids: IdSource,
}

impl Scene {
    fn open(folder: &Path) -> Self {
        let options = Options { folder: folder.to_owned(), durability: Durability::Strict, vfs: None };
        let mut writer = Opened::at(&options).expect("opens").writer;
        let steps = Arc::new(AtomicU64::new(0));
        let counted = steps.clone();
        // Called for each row that a statement goes on to, among other things.
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        writer.connection.progress_handler(1, Some(count)).expect("counts");
        Self { writer, steps, ids: IdSource::new(0, [3; 32]) }
    }

    fn event(&self, json: &str) -> Arc<Event> {
        Arc::new(Event::receive(json, &Namespace::default(), self.ids.event(NOW), NOW).expect("valid"))
    }

    fn run(&self) -> NewRun {
        let (namespace, plugin) = (Namespace::default(), PluginName::new("shop").expect("a name"));
        NewRun {
            id: self.ids.run(NOW),
            function: Arc::new(FunctionKey { namespace, plugin, function: "f".into(), role: Role::Main }),
            version: Digest([1; 32]),
            secret: [0; 32],
            failed_run: None,
            invoker: None,
            cancel_on: Arc::default(),
            replay_of: None,
            door: Default::default(),
            terms: None,
        }
    }

    fn publish(&mut self, event: &Arc<Event>, runs: Vec<NewRun>) {
        let mut after = After::default();
        self.writer.publish(0, vec![Publication { event: event.clone(), runs }], &mut after).expect("published");
        after.apply(&self.writer.shared.clone());
    }

    /// A run that starts at some time in the year to come.
    fn sleep(&mut self, number: u64) {
        let later = NOW + 1_000_000 + number;
        let event = self.event(&format!(r#"{{"name":"later","ts":{later}}}"#));
        let run = self.run();
        self.publish(&event, vec![run]);
    }

    /// A run that waits for its own order's payment.
    fn wait(&mut self, number: u64) {
        let event = self.event(&format!(r#"{{"name":"ordered","data":{{"order":{number}}}}}"#));
        let run = self.run();
        let row = run.id.row();
        self.publish(&event, vec![run]);
        let filter = "async.data.order == event.data.order && async.data.sum > 0";
        let wait = Wait { event: "paid".into(), filter: Some(filter.into()), until: Some(NOW + 1_000_000) };
        self.writer.write_wait(row, &OpKey::new("payment", 0), &event, &wait).expect("written");
    }

    /// Counts what the database does meanwhile.
    fn effort(&mut self, work: impl FnOnce(&mut Self)) -> u64 {
        self.steps.store(0, Ordering::Relaxed);
        work(self);
        self.steps.load(Ordering::Relaxed)
    }

    /// The cost of an event that answers one run, or none.
    fn effort_of(&mut self, event: &str) -> u64 {
        let event = self.event(event);
        self.effort(|scene| scene.publish(&event, Vec::new()))
    }

    /// The cost of a run from its event to its end, less what is done in memory.
    async fn effort_of_a_run(&mut self) -> u64 {
        let (event, run) = (self.event(r#"{"name":"n"}"#), self.run());
        let published = self.effort(|scene| scene.publish(&event, vec![run]));
        let active = self.lease().await;
        let outcome = Outcome::Completed(Json::null());
        let verdict = Verdict::End { outcome, at: NOW, generation: 0, lifecycle: Vec::new() };
        published
            + self.effort(|scene| {
                let mut after = After::default();
                scene.writer.settle(&active, verdict, &mut after).expect("settled");
                after.apply(&scene.writer.shared.clone());
            })
    }

    /// The cost of a refusal to wait for a signal that another run waits for.
    async fn effort_of_a_refusal(&mut self) -> u64 {
        let event = self.event(r#"{"name":"n"}"#);
        let runs = vec![self.run(), self.run()];
        self.publish(&event, runs);
        let (first, second) = (self.lease().await, self.lease().await);
        let wait = |scene: &mut Self, active: &Active| {
            let wait = SignalWait { signal: "go".into(), on_conflict: OnConflict::Fail, until: NOW + 1_000 };
            let effect = Effect { signal_wait: Some(wait), ..Effect::default() };
            let done = scene.writer.act(active, &OpKey::new("s", 0), &event, 0, effect, &mut After::default());
            matches!(done, Err(Trouble::Refused(Error::SignalTaken { .. })))
        };
        assert!(!wait(self, &first));
        self.effort(|scene| assert!(wait(scene, &second)))
    }

    async fn lease(&self) -> Arc<Active> {
        let shared = &self.writer.shared;
        let leases = shared.lease(1, NOW).await.expect("leased");
        shared.leases.get(leases[0].run.row()).expect("held")
    }
}

/// The cost of each beside so many others of each kind.
async fn efforts(others: u64) -> Vec<(&'static str, u64)> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut scene = Scene::open(folder.path());
    // First of all one of each: statements are compiled once, and names written down.
    scene.sleep(0);
    scene.wait(0);
    scene.effort_of_a_run().await;
    scene.writer.execute("BEGIN").expect("begun");
    for number in 1..=others {
        scene.sleep(number);
        scene.wait(number);
    }
    scene.writer.execute("COMMIT").expect("committed");
    vec![
        ("an event that nobody waits for", scene.effort_of(r#"{"name":"other","data":{"order":0}}"#)),
        ("one that matches no wait", scene.effort_of(r#"{"name":"paid","data":{"order":-1,"sum":1}}"#)),
        ("one that one waits for", scene.effort_of(r#"{"name":"paid","data":{"order":0,"sum":1}}"#)),
        ("a run", scene.effort_of_a_run().await),
        ("a refusal", scene.effort_of_a_refusal().await),
    ]
}

/// The database may keep some more books over more pages.
const LEEWAY: u64 = 10;

#[tokio::test]
async fn a_crowd_costs_nothing() {
    for ((what, alone), (_, crowded)) in efforts(0).await.into_iter().zip(efforts(CROWD).await) {
        assert!(alone > 0 && crowded <= alone + LEEWAY, "{what} takes {crowded} steps rather than {alone}");
    }
}
