//! The host of a test.

use super::doubles::{self, Asked, Mock};
use super::lifecycle;
use super::outside::problem;
use super::policy::whole;
use super::run::{TestRun, event};
use super::world::{Received, State, World};
use crate::host::Host;
use crate::{Error, Event, Function, NewEvent, Result};
use serde::Serialize;
use serde_json::Value;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

/// A host in memory that has these functions. Their code runs in the test's thread, and time is virtual.
///
/// See [the module](crate::testing) for an example, and for what it does not do.
pub struct TestHost {
    world: Rc<World>,
}

/// A fault or a crash that was injected: [`Self::times`] says how often.
pub struct Injected<'host> {
    host: &'host TestHost,
    what: What,
}

enum What {
    Fault(usize),
    Crash(String),
}

#[expect(clippy::must_use_candidate, reason = "sending, starting and the like are done for what they do")]
impl TestHost {
    /// A host that has these functions. Its time is the machine's when it begins.
    ///
    /// ```
    /// # use stepwell::{Context, Function};
    /// # fn hello() -> Function { Function::new("hello", async |_: Context| Ok("Hello!")).on("demo/hello") }
    /// use stepwell::testing::{TestHost, json};
    ///
    /// let host = TestHost::new([hello()]);
    /// assert_eq!(host.execute("demo/hello", json!({})).output(), "Hello!");
    /// ```
    ///
    /// # Panics
    /// If two functions have one id.
    pub fn new(functions: impl IntoIterator<Item = Function>) -> Self {
        Self::behind(functions, |door| Box::new(move || door))
    }

    /// The same, with something between the functions and the host.
    pub(crate) fn behind(
        functions: impl IntoIterator<Item = Function>,
        wrap: impl FnOnce(&'static dyn Host) -> Box<dyn Fn() -> &'static dyn Host>,
    ) -> Self {
        let world = World::new(functions.into_iter().collect(), milliseconds(SystemTime::now()), wrap);
        Self { world }
    }

    /// The same, its time beginning at this one.
    #[must_use]
    pub fn starting_at(self, time: SystemTime) -> Self {
        self.state(|state| state.now = milliseconds(time));
        self
    }

    /// The same, its functions' composite ids beginning with this name of a plugin rather than with `test`.
    #[must_use]
    pub fn plugin(self, name: impl Into<String>) -> Self {
        self.state(|state| state.plugin = name.into());
        self
    }

    /// Sends an event, and lets runs go as far as they can without time passing. Returns the first run that it has
    /// started, or else moved on: a run that had waited for it, or that it has cancelled.
    ///
    /// # Panics
    /// If there is no such run, see [`Self::publish`]; if the host would refuse the event; if its own limits are
    /// exceeded, or what a run asks for is beyond it.
    #[track_caller]
    pub fn send(&self, name: &str, data: impl Serialize) -> TestRun {
        let received = self.receive(NewEvent::new(name, data));
        self.world.go_on();
        self.first(name, &received)
    }

    /// Sends an event, and lets time pass until all runs have ended or wait for what has to come from outside: a wait's
    /// own timeout is no reason to let time pass, see [`Self::advance`]. Returns the run that [`Self::send`] would.
    ///
    /// # Panics
    /// As [`Self::send`].
    #[track_caller]
    pub fn execute(&self, name: &str, data: impl Serialize) -> TestRun {
        let received = self.receive(NewEvent::new(name, data));
        self.world.settle();
        self.first(name, &received)
    }

    /// Sends an event that may concern nobody, or have an id or a time of its own, and lets runs go as far as they can
    /// without time passing. Returns the runs that it has started, or else those that it has moved on.
    ///
    /// # Panics
    /// If the host would refuse the event.
    pub fn publish(&self, event: NewEvent) -> Vec<TestRun> {
        let received = self.receive(event);
        self.world.go_on();
        received.runs.iter().map(|place| self.at(*place)).collect()
    }

    /// Starts a function, by its id and whatever its triggers are, with this event; and lets runs go as far as they can
    /// without time passing.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn start(&self, function: &str, event: NewEvent) -> TestRun {
        self.start_batch(function, [event])
    }

    /// The same with several events, as a function with a batch gets them.
    ///
    /// # Panics
    /// As [`Self::start`], and without events.
    pub fn start_batch(&self, function: &str, events: impl IntoIterator<Item = NewEvent>) -> TestRun {
        let place = self.begin(function, events);
        self.world.go_on();
        self.at(place)
    }

    fn begin(&self, function: &str, events: impl IntoIterator<Item = NewEvent>) -> usize {
        let read = |event: NewEvent| event.value().unwrap_or_else(|problem| panic!("{problem}"));
        let sent: Vec<Value> = events.into_iter().map(read).collect();
        assert!(!sent.is_empty(), "a run is started by one event at least");
        self.state(|state| {
            let place = known(state, function);
            let events = sent.iter().map(|sent| state.event(sent)).collect();
            state.start(place, events)
        })
    }

    /// Starts a function whose run has recorded this already.
    #[cfg(test)]
    pub(crate) fn start_knowing(&self, function: &str, event: NewEvent, known: &[(&str, &str)]) -> TestRun {
        let place = self.begin(function, [event]);
        self.state(|state| known.iter().for_each(|(id, json)| state.runs[place].journal.know(id, json)));
        self.at(place)
    }

    #[cfg(test)]
    pub(crate) fn settle(&self) {
        self.world.settle();
    }

    /// Starts a function as its first schedule does, now; and lets runs go as far as they can without time passing.
    ///
    /// # Panics
    /// If there is no such function, or it has no schedule.
    pub fn start_scheduled(&self, function: &str) -> TestRun {
        let data = self.state(|state| {
            let cron = state.definitions[known(state, function)].cron().map(str::to_owned);
            cron.map(|cron| lifecycle::scheduled(&cron, state.now))
        });
        let data = data.unwrap_or_else(|| panic!("function \"{function}\" has no schedule"));
        self.start(function, NewEvent::new(lifecycle::SCHEDULED, data))
    }

    /// Sends a signal, and lets runs go as far as they can without time passing. Returns the run that had waited for
    /// it.
    ///
    /// # Panics
    /// If the data cannot be JSON.
    pub fn signal(&self, signal: &str, data: impl Serialize) -> Option<TestRun> {
        let data = serde_json::to_value(data).unwrap_or_else(|error| panic!("the signal's data is no JSON: {error}"));
        let place = self.state(|state| state.signal(signal, &data));
        self.world.go_on();
        place.map(|place| self.at(place))
    }

    /// Cancels a run, if it is under way.
    pub fn cancel(&self, run: &TestRun) {
        self.state(|state| state.cancel(run.place, "by the test".to_owned()));
        self.world.go_on();
    }

    /// Lets time pass: sleeps and waits end, and attempts begin, in the order in which they are due.
    pub fn advance(&self, time: Duration) {
        let until = self.state(|state| state.now.saturating_add(whole(time.as_secs_f64() * 1_000.0)));
        self.world.pass_until(until);
    }

    /// The host's time. What a function's code reads of the clock is the machine's time all the same.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.state(|state| state.now))
    }

    /// Has the operations of that id come to this value, in whatever run, instead of to what they would do.
    ///
    /// An invocation comes to the value as its result; a wait for an event to an event with it as data, or, if it is
    /// `()`, to its timeout; a wait for a signal likewise; a fetch to what [`respond`](super::respond) makes.
    ///
    /// # Panics
    /// If the value cannot be JSON.
    pub fn mock(&self, id: impl Into<String>, value: impl Serialize) {
        self.replace(id.into(), doubles::value(&value));
    }

    /// [`Self::mock`] with a closure that is called for each attempt. The error that it returns is the attempt's. If it
    /// panics, the test does.
    ///
    /// ```
    /// # use stepwell::{Context, Function, Request};
    /// # fn ask() -> Function {
    /// #     Function::new("ask", async |Context { step, .. }: Context| {
    /// #         Ok(step.fetch("ask", Request::get("https://a.example/")).await?.status())
    /// #     }).on("demo/ask")
    /// # }
    /// use stepwell::testing::{TestHost, json, respond};
    ///
    /// let host = TestHost::new([ask()]);
    /// host.mock_with("ask", |asked| {
    ///     assert_eq!(asked.options["url"], "https://a.example/");
    ///     Ok(respond(204))
    /// });
    /// assert_eq!(host.execute("demo/ask", json!({})).output(), 204);
    /// ```
    pub fn mock_with<T: Serialize>(&self, id: impl Into<String>, closure: impl FnMut(&Asked) -> Result<T> + 'static) {
        self.replace(id.into(), doubles::closure(closure));
    }

    fn replace(&self, id: String, mock: Mock) {
        self.state(|state| state.doubles.mock(id, mock));
    }

    /// Injects a fault: all attempts of the operations of that id fail with this error, or so many as
    /// [`times`](Injected::times) says; then they do what they would do without. Retries are as ever: an error that
    /// is not to be retried is not.
    pub fn fail(&self, id: impl Into<String>, error: impl Into<Error>) -> Injected<'_> {
        let place = self.state(|state| state.doubles.fail(id.into(), error.into()));
        Injected { host: self, what: What::Fault(place) }
    }

    /// Injects a crash: once, or as often as [`times`](Injected::times) says, the host is lost right after the code
    /// of a step of that id has run, before its result is recorded. The step runs again, and no attempt is used up.
    pub fn crash(&self, id: impl Into<String>) -> Injected<'_> {
        let id = id.into();
        self.state(|state| state.doubles.crashes.insert(id.clone(), 1));
        Injected { host: self, what: What::Crash(id) }
    }

    /// All runs, in the order in which they were started.
    #[must_use]
    pub fn runs(&self) -> Vec<TestRun> {
        let runs = self.state(|state| state.runs.len());
        (0..runs).map(|place| self.at(place)).collect()
    }

    /// The run of that id.
    #[must_use]
    pub fn run(&self, id: &str) -> Option<TestRun> {
        self.state(|state| state.runs.iter().position(|run| run.id == id)).map(|place| self.at(place))
    }

    /// All events: those of the test, those that steps have sent, and those that tell of the ends of runs.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.state(|state| state.events.iter().map(event).collect())
    }

    fn state<T>(&self, call: impl FnOnce(&mut State) -> T) -> T {
        call(&mut self.world.state.borrow_mut())
    }

    fn at(&self, place: usize) -> TestRun {
        TestRun { world: Rc::clone(&self.world), place }
    }

    fn receive(&self, event: NewEvent) -> Received {
        let sent = event.value().unwrap_or_else(|problem| panic!("the event's data is no JSON: {problem}"));
        if let Some(problem) = problem(&sent) {
            panic!("{problem}");
        }
        self.state(|state| state.receive(&sent))
    }

    #[track_caller]
    fn first(&self, name: &str, received: &Received) -> TestRun {
        let Some(place) = received.runs.first() else {
            panic!("\"{name}\" starts no function of this host, and no run waits for it: send it by host.publish(…)")
        };
        self.at(*place)
    }
}

impl Injected<'_> {
    /// So many times.
    pub fn times(self, times: u32) {
        self.host.state(|state| match self.what {
            What::Fault(place) => state.doubles.fault(place).left = Some(times),
            What::Crash(id) => {
                state.doubles.crashes.insert(id, times);
            }
        });
    }
}

fn known(state: &State, function: &str) -> usize {
    state.function(function).unwrap_or_else(|| panic!("\"{function}\" is no function of this host"))
}

fn milliseconds(time: SystemTime) -> u64 {
    whole(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1_000.0)
}
