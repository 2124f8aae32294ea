//! The host in memory: its functions, runs and events, and the time that passes for them.

use super::definition::{Definition, Ending, is_same};
use super::doubles::Doubles;
use super::execution::{Execution, Outcome};
use super::journal::Operation;
use super::lifecycle;
use super::panics::{Thrown, catch};
use super::pass::{Door, Pass};
use super::policy::whole;
use crate::Function;
use crate::bindings::stepwell::plugin::types::OperationKey;
use crate::host::Host;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A test that starts more runs than this, or lets time pass more often, is taken not to come to an end.
const ENDLESS: usize = 1_000;
/// A second event of one id starts no function again for so long.
const ONCE_MS: u64 = 24 * 3_600 * 1_000;

/// The functions' code, and all that the host knows.
pub(super) struct World {
    functions: Vec<Function>,
    /// By which functions are entered.
    entrance: Box<dyn Fn() -> &'static dyn Host>,
    pub(super) state: RefCell<State>,
}

/// The state of the host. Times are milliseconds since 1970; runs are known by their places.
pub(super) struct State {
    pub(super) now: u64,
    pub(super) plugin: String,
    pub(super) definitions: Vec<Definition>,
    pub(super) doubles: Doubles,
    pub(super) runs: Vec<Execution>,
    pub(super) events: Vec<Value>,
    /// The pass that is under way.
    pub(super) pass: Option<Pass>,
    /// Events whose time is still to come, with the functions that they start then.
    later: Vec<(u64, usize, Value)>,
    /// Until when an event's id starts a function no more.
    started: BTreeMap<(usize, String), u64>,
    event_ids: usize,
}

/// The outcome of an event.
pub(super) struct Received {
    pub(super) id: String,
    /// The runs that it has started, or else those that had waited for it or that it has cancelled.
    pub(super) runs: Vec<usize>,
}

impl World {
    /// `wrap` may stand between the functions and the host.
    pub(super) fn new(
        functions: Vec<Function>,
        now: u64,
        wrap: impl FnOnce(&'static dyn Host) -> Box<dyn Fn() -> &'static dyn Host>,
    ) -> Rc<Self> {
        let definitions: Vec<_> = functions.iter().enumerate().map(|(place, one)| Definition::of(place, one)).collect();
        for (n, one) in definitions.iter().enumerate() {
            let is_new = definitions[..n].iter().all(|other| other.id != one.id);
            assert!(is_new, "two functions have the id \"{}\"", one.id);
        }
        let state = State {
            now,
            plugin: "test".to_owned(),
            definitions,
            doubles: Doubles::default(),
            runs: Vec::new(),
            events: Vec::new(),
            pass: None,
            later: Vec::new(),
            started: BTreeMap::new(),
            event_ids: 0,
        };
        Rc::new_cyclic(|world| {
            // Contexts keep it for ever, as they do the host of a plugin; it is a pointer, and one for each test host.
            let entrance = wrap(Box::leak(Box::new(Door(world.clone()))));
            Self { functions, entrance, state: RefCell::new(state) }
        })
    }

    /// Lets all runs go as far as they can without time passing.
    pub(super) fn go_on(&self) {
        loop {
            let Some((run, target)) = self.state.borrow_mut().next_ready() else { return };
            let is_doubled = target.as_ref().is_some_and(|key| self.state.borrow().doubles.has(&key.id));
            match target {
                Some(key) if is_doubled => self.state.borrow_mut().step_in_place(run, &key),
                target => self.enter(run, target),
            }
            self.state.borrow_mut().tell_end(run);
        }
    }

    /// Enters a run's function once.
    fn enter(&self, run: usize, target: Option<OperationKey>) {
        let mut state = self.state.borrow_mut();
        let execution = &state.runs[run];
        let function = &self.functions[execution.function];
        let context = execution.context(function.id(), target.as_ref());
        let failure = execution.failed.and_then(|failed| match &state.runs[failed].outcome {
            Some(Outcome::Failed(failure)) => Some(failure.clone()),
            _ => None,
        });
        state.pass = Some(Pass::new(run, target, execution.journal.results.len()));
        drop(state);
        let host = (self.entrance)();
        let exit = catch(|| match failure {
            None => function.run(context, host),
            Some(failure) => function.handle_failure(context, failure, host).expect("only who has one is handled"),
        });
        let mut state = self.state.borrow_mut();
        let now = state.now;
        let Some(pass) = state.pass.take() else { return };
        state.runs[run].judge(&pass, exit, now);
        for key in &pass.reached {
            if state.runs[run].outcome.is_none() {
                state.begin(run, key);
            }
        }
    }

    /// Lets time pass until all runs have ended or wait for what has to come from outside.
    pub(super) fn settle(&self) {
        self.go_on();
        for _ in 0..ENDLESS {
            let due = self.state.borrow().next_due(|operation| !operation.waits_outside());
            let Some(due) = due else { return };
            self.pass_until(due);
        }
        panic!("time has passed {ENDLESS} times, and runs still sleep: do they end at all?");
    }

    /// Lets time pass: what is due meanwhile happens, in the order in which it is due.
    pub(super) fn pass_until(&self, time: u64) {
        self.go_on();
        loop {
            let due = self.state.borrow().next_due_of_all().filter(|due| *due <= time);
            let Some(due) = due else { break };
            let mut state = self.state.borrow_mut();
            state.now = state.now.max(due);
            drop(state);
            self.go_on();
        }
        let mut state = self.state.borrow_mut();
        state.now = state.now.max(time);
    }
}

impl State {
    pub(super) fn new_event_id(&mut self) -> String {
        self.event_ids += 1;
        format!("event-{}", self.event_ids)
    }

    /// A function by its id, or by its composite id.
    pub(super) fn function(&self, id: &str) -> Option<usize> {
        self.definitions.iter().position(|one| one.id == id || self.composite(&one.id) == id)
    }

    pub(super) fn composite(&self, id: &str) -> String {
        format!("{}-{id}", self.plugin)
    }

    /// Starts a run; it does not go on yet.
    pub(super) fn start(&mut self, function: usize, events: Vec<Value>) -> usize {
        assert!(
            self.runs.len() < ENDLESS,
            "there are {ENDLESS} runs: do events and functions start each other without an end?"
        );
        let number = self.runs.len() + 1;
        self.runs.push(Execution::new(number, &self.definitions[function], events, self.now));
        number - 1
    }

    /// Takes an event in: it cancels runs, ends their waits, and starts runs.
    pub(super) fn receive(&mut self, sent: &Value) -> Received {
        let event = self.event(sent);
        self.tell(&event, event["ts"].as_u64().unwrap_or(self.now))
    }

    /// An event as guests get it, of one as it is sent.
    pub(super) fn event(&mut self, sent: &Value) -> Value {
        let id = sent["id"].as_str().map_or_else(|| self.new_event_id(), str::to_owned);
        let ts = sent["ts"].as_u64().unwrap_or(self.now);
        let data = if sent["data"].is_null() { &json!({}) } else { &sent["data"] };
        lifecycle::event(sent["name"].as_str().unwrap_or_default(), data, &id, ts)
    }

    fn tell(&mut self, event: &Value, starts_at: u64) -> Received {
        self.events.push(event.clone());
        let mut moved = self.cancel_by(event);
        moved.extend(self.answer_by(event));
        let id = event["id"].as_str().unwrap_or_default().to_owned();
        let listeners = self.listeners(event);
        if starts_at > self.now {
            self.later.extend(listeners.into_iter().map(|function| (starts_at, function, event.clone())));
            return Received { id, runs: moved };
        }
        let started: Vec<_> =
            listeners.into_iter().filter_map(|function| self.start_once(function, event.clone())).collect();
        Received { id, runs: if started.is_empty() { moved } else { started } }
    }

    fn start_once(&mut self, function: usize, event: Value) -> Option<usize> {
        let is_own = event["name"].as_str().is_some_and(|name| name.starts_with("inngest/"));
        let key = (function, event["id"].as_str().unwrap_or_default().to_owned());
        if !is_own && self.started.get(&key).is_some_and(|until| *until > self.now) {
            return None;
        }
        self.started.insert(key, self.now + ONCE_MS);
        Some(self.start(function, vec![event]))
    }

    fn listeners(&self, event: &Value) -> Vec<usize> {
        let name = event["name"].as_str().unwrap_or_default();
        let listens = |one: &Definition| {
            let triggers = one.triggers_of(name);
            // A single trigger without a condition is enough, and counts as the least.
            let condition = triggers.iter().map(|trigger| trigger.condition.as_deref()).min().flatten();
            if let Some(condition) = condition {
                panic!(
                    "function \"{0}\" is started by {name} if `{condition}`, which only the real host can tell: start it \
                     with host.start(\"{0}\", NewEvent::new(…))",
                    one.id
                );
            }
            !triggers.is_empty()
        };
        (0..self.definitions.len()).filter(|one| listens(&self.definitions[*one])).collect()
    }

    fn answer_by(&mut self, event: &Value) -> Vec<usize> {
        let hears = |run: &Execution, operation: &Operation| {
            let field = operation.options["match"].as_str();
            operation.options["event"] == event["name"]
                && field.is_none_or(|field| is_same(field, &run.events[0], event))
        };
        let waits = self.open("wait-for-event", hears);
        for (run, key) in &waits {
            self.answer(*run, key, event);
        }
        waits.into_iter().map(|(run, _)| run).collect()
    }

    fn cancel_by(&mut self, event: &Value) -> Vec<usize> {
        let now = self.now;
        let ends = |run: &Execution| {
            // A failure handler inherits nothing.
            let endings = &self.definitions[run.function].options.cancel_on;
            let mut endings = endings.iter().filter(|ending| run.failed.is_none() && event["name"] == *ending.event);
            run.outcome.is_none() && endings.any(|ending| cancels(ending, run, event, now))
        };
        let cancelled: Vec<_> = (0..self.runs.len()).filter(|run| ends(&self.runs[*run])).collect();
        let reason = format!("by event {}", event["name"].as_str().unwrap_or_default());
        for run in &cancelled {
            self.cancel(*run, reason.clone());
        }
        cancelled
    }

    /// Ends a run that is under way.
    pub(super) fn cancel(&mut self, run: usize, reason: String) {
        let now = self.now;
        let execution = &mut self.runs[run];
        if execution.outcome.is_none() {
            let what = format!("cancelled: {reason}");
            execution.end(Outcome::Cancelled(reason), what, now);
            self.tell_end(run);
        }
    }

    /// Operations of that kind that wait in runs under way.
    pub(super) fn open(
        &self,
        kind: &str,
        wanted: impl Fn(&Execution, &Operation) -> bool,
    ) -> Vec<(usize, OperationKey)> {
        let unended = self.runs.iter().enumerate().filter(|(_, run)| run.outcome.is_none());
        unended
            .flat_map(|(n, run)| run.journal.open().map(move |operation| (n, run, operation)))
            .filter(|(_, run, operation)| operation.kind == kind && operation.due.is_some() && wanted(run, operation))
            .map(|(n, _, operation)| (n, operation.key.clone()))
            .collect()
    }

    /// The first run that can go on without time passing, and the step that is to run, where it is not the body.
    fn next_ready(&mut self) -> Option<(usize, Option<OperationKey>)> {
        self.happen();
        let run = self.runs.iter().position(|run| run.is_ready(self.now))?;
        Some((run, self.runs[run].step_due(self.now)))
    }

    /// An attempt of a step that needs no code.
    fn step_in_place(&mut self, run: usize, key: &OperationKey) {
        let now = self.now;
        if let Err(interrupt) = self.attempt_double(run, key) {
            let pass = Pass::new(run, Some(key.clone()), 0);
            self.runs[run].judge(&pass, Err(Thrown::Interrupt(interrupt)), now);
        }
    }

    /// Does what is due now: ends sleeps and waits, makes requests again, starts what an event starts at its time.
    fn happen(&mut self) {
        let now = self.now;
        for run in 0..self.runs.len() {
            if self.runs[run].finish_by.is_some_and(|by| by <= now) {
                self.cancel(run, "it took longer than `timeouts.finish`".to_owned());
            }
            while let Some(key) = self.over(run) {
                self.end(run, &key);
                self.tell_end(run);
            }
        }
        let (due, later) = std::mem::take(&mut self.later).into_iter().partition(|(at, ..)| *at <= now);
        self.later = later;
        let due: Vec<(u64, usize, Value)> = due;
        for (_, function, event) in due {
            self.start_once(function, event);
        }
    }

    fn over(&self, run: usize) -> Option<OperationKey> {
        let run = &self.runs[run];
        run.outcome.is_none().then(|| run.journal.due(self.now, |operation| operation.kind != "run"))?
    }

    /// When the first of these operations is due, or a body.
    fn next_due(&self, wanted: impl Fn(&Operation) -> bool) -> Option<u64> {
        let unended = self.runs.iter().filter(|run| run.outcome.is_none());
        let times = unended.flat_map(|run| {
            let operations = run.journal.open().filter(|operation| wanted(operation));
            operations.filter_map(|operation| operation.due).chain(run.journal.body_due)
        });
        times.chain(self.later.iter().map(|(at, ..)| *at)).min()
    }

    fn next_due_of_all(&self) -> Option<u64> {
        let unended = self.runs.iter().filter(|run| run.outcome.is_none());
        self.next_due(|_| true).into_iter().chain(unended.filter_map(|run| run.finish_by)).min()
    }

    /// Tells of a run's end: its invoker, its failure handler, and the listeners to ends.
    pub(super) fn tell_end(&mut self, run: usize) {
        let execution = &mut self.runs[run];
        if execution.outcome.is_none() || std::mem::replace(&mut execution.is_told, true) {
            return;
        }
        self.tell_invoker(run);
        let execution = &self.runs[run];
        if !lifecycle::is_told(&execution.events) {
            return;
        }
        let (id, function) = (execution.id.clone(), execution.function);
        let data = lifecycle::data(execution, &self.composite(&execution.function_id));
        let finished = self.new_event_id();
        self.tell_own(lifecycle::FINISHED, &data, &finished);
        match &self.runs[run].outcome {
            Some(Outcome::Cancelled(_)) => self.tell_own(lifecycle::CANCELLED, &data, &id),
            Some(Outcome::Failed(_)) => {
                if self.definitions[function].has_failure_handler {
                    let handler = self.start(function, vec![lifecycle::event(lifecycle::FAILED, &data, &id, self.now)]);
                    self.runs[handler].handle(run);
                    self.runs[run].handler = Some(handler);
                }
                self.tell_own(lifecycle::FAILED, &data, &id);
            }
            _ => {}
        }
    }

    fn tell_own(&mut self, name: &str, data: &Value, id: &str) {
        self.tell(&lifecycle::event(name, data, id, self.now), self.now);
    }

    /// Starts the run of an invocation.
    pub(super) fn invoke(&mut self, function: usize, data: &Value, invoker: (usize, OperationKey)) {
        let mut data = data.clone();
        let definition = &self.definitions[function];
        data["_inngest"] = json!({ "fn_id": definition.id, "name": invoker.1.id });
        let id = self.new_event_id();
        let run = self.start(function, vec![lifecycle::event(lifecycle::INVOKED, &data, &id, self.now)]);
        self.runs[run].invoker = Some(invoker);
    }
}

fn cancels(ending: &Ending, run: &Execution, event: &Value, now: u64) -> bool {
    if let Some(condition) = &ending.condition {
        panic!(
            "function \"{}\" is cancelled by {} if `{condition}`, which only the real host can tell: cancel its run with \
             host.cancel(&run)",
            run.function_id, ending.event
        );
    }
    let is_heard = ending.timeout_ms.is_none_or(|ms| now <= run.journal.began.saturating_add(whole(ms)));
    is_heard && ending.field.as_deref().is_none_or(|field| is_same(field, &run.events[0], event))
}
