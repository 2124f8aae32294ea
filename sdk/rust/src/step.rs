//! Durable operations in the async style.

use crate::bindings::stepwell::plugin::types::OperationKey;
use crate::error::Result;
use crate::event::Event;
use crate::failure::{self, StepError};
use crate::fetch::{Request, Response};
use crate::operations::{Answer, Operations, Turn};
use crate::output::{self, StepOutput};
use crate::outside::{Invoke, NewEvent, WaitFor, WaitForSignal};
use crate::retry::Retry;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

/// The durable operations of a run.
///
/// Each is named by an id, and remembered by it: when the run is entered again, after a wait or on another machine, an
/// operation that has a result yields it without being done again. An id may be used several times (in a loop, say);
/// its uses are told apart by their order. Nothing happens before an operation is awaited, by itself or in a
/// [`join!`](crate::join), [`try_join_all`](crate::try_join_all) or [`race`](crate::race()).
#[derive(Clone)]
pub struct Step {
    operations: Rc<Operations>,
    /// Of the steps and fetches that are run by it, where they have retries of their own.
    retry: Option<Retry>,
}

/// Facts that a step's closure may know of its execution, see [`Step::run_with`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// The step's attempt: 0, and one more for each retry.
    pub number: u32,
    /// The same at every attempt of this step, and used by no other: `<run>-<id>-<n>`. Services that take such a key
    /// do once what they are asked several times.
    pub idempotency_key: String,
}

impl Step {
    pub(crate) fn new(operations: &Rc<Operations>) -> Self {
        Self { operations: Rc::clone(operations), retry: None }
    }

    /// The same, for steps and fetches that are retried differently from the function.
    ///
    /// ```
    /// # use stepwell::{Result, Retry, Step};
    /// # use std::time::Duration;
    /// # async fn body(step: Step) -> Result<()> {
    /// let often = step.retrying(Retry::default().times(20).constant(Duration::from_secs(5)));
    /// often.run("poll", || poll()).await?;
    /// # Ok(()) }
    /// # fn poll() -> Result<()> { Ok(()) }
    /// ```
    #[must_use]
    pub fn retrying(&self, retry: Retry) -> Self {
        Self { operations: Rc::clone(&self.operations), retry: Some(retry) }
    }

    /// Runs a closure as a step: done once, retried by itself, its result remembered.
    ///
    /// The closure may borrow from the body, and may be `async` as long as what it awaits ends within it. Its result
    /// crosses the host as JSON: the body gets what is read back, at every pass. Operations inside the closure are an
    /// error.
    ///
    /// ```
    /// # use stepwell::{Result, Step};
    /// # async fn body(step: Step, sku: &str) -> Result<()> {
    /// let images: Vec<String> = step.run("fetch-images", || fetch_images(sku)).await?;
    /// # Ok(()) }
    /// # fn fetch_images(_: &str) -> Result<Vec<String>> { Ok(Vec::new()) }
    /// ```
    ///
    /// # Errors
    /// The step's error, once its retries have run out; and, as a `DeserializeError`, a recorded result that `T` does
    /// not fit.
    pub fn run<T, F, O, M, I>(
        &self,
        id: I,
        closure: F,
    ) -> impl Future<Output = Result<T, StepError>> + use<T, F, O, M, I>
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce() -> O,
        O: StepOutput<T, M>,
        I: Into<Cow<'static, str>>,
    {
        self.run_with(id, |_| closure())
    }

    /// [`Self::run`] for a closure that asks for its [`Attempt`].
    ///
    /// ```
    /// # use stepwell::{Result, Step};
    /// # async fn body(step: Step) -> Result<()> {
    /// step.run_with("charge", |attempt| charge(1999, &attempt.idempotency_key)).await?;
    /// # Ok(()) }
    /// # fn charge(_: u32, _: &str) -> Result<()> { Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_with<T, F, O, M, I>(
        &self,
        id: I,
        closure: F,
    ) -> impl Future<Output = Result<T, StepError>> + use<T, F, O, M, I>
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce(Attempt) -> O,
        O: StepOutput<T, M>,
        I: Into<Cow<'static, str>>,
    {
        Run {
            operation: Operation::new(&self.operations, id.into()),
            retry: self.retry,
            closure: Some(closure),
            output: PhantomData::<fn() -> (T, M)>,
        }
    }

    /// [`Self::run`] for a closure with an input. A replay of the run may give it another one (`stepwell runs replay
    /// RUN --from charge --input 1299`).
    ///
    /// ```
    /// # use stepwell::{Result, Step};
    /// # async fn body(step: Step) -> Result<()> {
    /// step.run_on("charge", 1999, |cents: u32| charge(cents)).await?;
    /// # Ok(()) }
    /// # fn charge(_: u32) -> Result<()> { Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Self::run`]; and a `DeserializeError` if what was given does not fit.
    pub fn run_on<S, T, F, O, M, I>(
        &self,
        id: I,
        input: S,
        closure: F,
    ) -> impl Future<Output = Result<T, StepError>> + use<S, T, F, O, M, I>
    where
        S: DeserializeOwned,
        T: Serialize + DeserializeOwned,
        F: FnOnce(S) -> O,
        O: StepOutput<T, M>,
        I: Into<Cow<'static, str>>,
    {
        let operations = Rc::clone(&self.operations);
        self.run_with(id, move |_| -> Result<T> { closure(operations.input(input)?).complete() })
    }

    /// Waits. The function is not in memory meanwhile, and the time counts from when the host first notes the wait.
    ///
    /// ```
    /// # use stepwell::{Result, Step};
    /// # use std::time::Duration;
    /// # async fn body(step: Step) -> Result<()> {
    /// step.sleep("cool-down", Duration::from_secs(3600)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The host's, as for a time beyond its limit of 366 days.
    pub fn sleep<I>(&self, id: I, duration: Duration) -> impl Future<Output = Result<(), StepError>> + use<I>
    where
        I: Into<Cow<'static, str>>,
    {
        let mut operation = Operation::new(&self.operations, id.into());
        poll_fn(move |context| {
            operation.poll(context, "sleep", || sleep_options(duration)).map(|progress| match progress? {
                Progress::Answer(key, answer) => answer.map(drop).map_err(|failure| StepError::recorded(key, failure)),
                Progress::Execute(_) => unreachable!("the host runs no code for a sleep"),
            })
        })
    }
}

impl Step {
    /// Waits until a time; one that is past is over at once. See [`Self::sleep`].
    ///
    /// # Errors
    /// The host's, as for a time more than 366 days away.
    pub fn sleep_until<I>(&self, id: I, time: SystemTime) -> impl Future<Output = Result<(), StepError>> + use<I>
    where
        I: Into<Cow<'static, str>>,
    {
        let until = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0;
        let slept = self.ask::<Option<()>, I>(id, "sleep", Ok(format!("{{\"until\":{until}}}")));
        async move { slept.await.map(drop) }
    }

    /// Waits for an event that is sent from now on; `None`: none has come in time.
    ///
    /// ```
    /// # use stepwell::{Event, Result, Step, WaitFor};
    /// # use std::time::Duration;
    /// # async fn body(step: Step) -> Result<()> {
    /// let wait = WaitFor::event("shop/order.paid").matching("data.order_id").timeout(Duration::from_secs(3600));
    /// let paid: Option<Event> = step.wait_for_event("payment", wait).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A `DeserializeError` if `T` does not fit the event's data. An invalid expression fails the run at once.
    pub fn wait_for_event<T, I>(
        &self,
        id: I,
        wait: WaitFor,
    ) -> impl Future<Output = Result<Option<Event<T>>, StepError>> + use<T, I>
    where
        T: DeserializeOwned,
        I: Into<Cow<'static, str>>,
    {
        self.ask(id, "wait-for-event", Ok(wait.options()))
    }

    /// Starts a run of another function and waits for its result.
    ///
    /// ```
    /// # use stepwell::{Invoke, Result, Step};
    /// # use serde_json::json;
    /// # async fn body(step: Step) -> Result<()> {
    /// let score: u32 = step.invoke("risk", Invoke::function("risk-score").data(json!({ "order": 7 }))).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The error with which the other run has failed; an `InngestInvokeTimeoutError`; an error if there is no such
    /// function. It is not invoked again by itself.
    pub fn invoke<T, I>(&self, id: I, invoke: Invoke) -> impl Future<Output = Result<T, StepError>> + use<T, I>
    where
        T: DeserializeOwned,
        I: Into<Cow<'static, str>>,
    {
        self.ask(id, "invoke", invoke.options())
    }

    /// Sends an event, once: it is written together with this operation's result. Returns its id.
    ///
    /// ```
    /// # use stepwell::{NewEvent, Result, Step};
    /// # use serde_json::json;
    /// # async fn body(step: Step) -> Result<()> {
    /// step.send_event("tell", NewEvent::new("shop/order.shipped", json!({ "order": 7 }))).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The host's refusal, as of a reserved name.
    pub fn send_event<I>(&self, id: I, event: NewEvent) -> impl Future<Output = Result<String, StepError>> + use<I>
    where
        I: Into<Cow<'static, str>>,
    {
        let sent = self.send_events(id, [event]);
        async move { Ok(sent.await?.into_iter().next().unwrap_or_default()) }
    }

    /// [`Self::send_event`] for several, at most 5,000: all are sent or none. Returns their ids.
    ///
    /// # Errors
    /// As there.
    pub fn send_events<I, E>(
        &self,
        id: I,
        events: E,
    ) -> impl Future<Output = Result<Vec<String>, StepError>> + use<I, E>
    where
        I: Into<Cow<'static, str>>,
        E: IntoIterator<Item = NewEvent>,
    {
        #[derive(serde::Deserialize)]
        struct Sent {
            ids: Vec<String>,
        }
        let sent = self.ask::<Sent, I>(id, "send-events", NewEvent::options(events));
        async move { Ok(sent.await?.ids) }
    }

    /// Has the host make a request, to a host that is granted to the plugin, and returns its response, whatever its
    /// status. The function is not in memory meanwhile, and the response is recorded; the request is not.
    ///
    /// The request is retried as a step is, at every failure of the network but a denial. It may be sent again after a
    /// crash.
    ///
    /// ```
    /// # use stepwell::{Request, Result, Step};
    /// # async fn body(step: Step) -> Result<()> {
    /// let response = step.fetch("products", Request::get("https://api.example.com/products")).await?;
    /// let products: Vec<String> = response.success()?.json()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A `FetchError`, once its retries have run out. Its code says what went wrong: `denied`, `unresolved`,
    /// `unreachable`, `connection_refused`, `tls`, `timeout`, `incomplete`, `network`, `response_too_large`,
    /// `bad_redirect`, `too_many_redirects`, `encoding`. A request that cannot be sent, as for an invalid URL, fails
    /// the run at once.
    pub fn fetch<I>(&self, id: I, request: Request) -> impl Future<Output = Result<Response, StepError>> + use<I>
    where
        I: Into<Cow<'static, str>>,
    {
        self.ask(id, "fetch", request.options(self.retry))
    }

    /// Waits for a signal, which is meant for one run. Returns its data, or `None` if no signal has come in time.
    ///
    /// # Errors
    /// A `DeserializeError` if `T` does not fit the data. The run fails at once if another one waits for the signal.
    pub fn wait_for_signal<T, I>(
        &self,
        id: I,
        wait: WaitForSignal,
    ) -> impl Future<Output = Result<Option<T>, StepError>> + use<T, I>
    where
        T: DeserializeOwned,
        I: Into<Cow<'static, str>>,
    {
        #[derive(serde::Deserialize)]
        struct Signalled<T> {
            data: T,
        }
        let answer = self.ask::<Option<Signalled<T>>, I>(id, "wait-for-signal", Ok(wait.options()));
        async move { Ok(answer.await?.map(|signalled| signalled.data)) }
    }

    /// Sends a signal to the run that waits for it, once. Returns the id of that run, if there was one.
    ///
    /// # Errors
    /// Data that cannot be JSON.
    pub fn send_signal<I>(
        &self,
        id: I,
        signal: &str,
        data: impl Serialize,
    ) -> impl Future<Output = Result<Option<String>, StepError>> + 'static
    where
        I: Into<Cow<'static, str>> + 'static,
    {
        #[derive(serde::Deserialize)]
        struct Sent {
            run_id: Option<String>,
        }
        let data = serde_json::to_value(data).map_err(|error| error.to_string());
        let options = data.map(|data| serde_json::json!({ "signal": signal, "data": data }).to_string());
        let sent = self.ask::<Sent, Cow<'static, str>>(id.into(), "send-signal", options);
        async move { Ok(sent.await?.run_id) }
    }

    /// An operation that the host handles by itself.
    fn ask<T, I>(
        &self,
        id: I,
        kind: &'static str,
        options: std::result::Result<String, String>,
    ) -> impl Future<Output = Result<T, StepError>> + use<T, I>
    where
        T: DeserializeOwned,
        I: Into<Cow<'static, str>>,
    {
        let mut operation = Operation::new(&self.operations, id.into());
        poll_fn(move |context| {
            let options = match &options {
                Ok(options) => options,
                Err(problem) => {
                    let message = format!("failed to write the data of an operation as JSON: {problem}");
                    return Poll::Ready(Err(StepError::refused("SerializeError", message, None)));
                }
            };
            operation.poll(context, kind, || options.clone()).map(|progress| match progress? {
                Progress::Answer(key, answer) => failure::read(key, answer),
                Progress::Execute(_) => unreachable!("the host runs no code for it"),
            })
        })
    }
}

/// A step's future.
struct Run<F, T, M> {
    operation: Operation,
    retry: Option<Retry>,
    closure: Option<F>,
    output: PhantomData<fn() -> (T, M)>,
}

/// The closure is moved out before it is called and never pinned.
impl<F, T, M> Unpin for Run<F, T, M> {}

impl<F, T, O, M> Future for Run<F, T, M>
where
    T: Serialize + DeserializeOwned,
    F: FnOnce(Attempt) -> O,
    O: StepOutput<T, M>,
{
    type Output = Result<T, StepError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let run = &mut *self;
        loop {
            match ready!(run.operation.poll(context, "run", || run_options(run.retry)))? {
                Progress::Answer(key, answer) => return Poll::Ready(failure::read(key, answer)),
                Progress::Execute(attempt) => {
                    if let Some(closure) = run.closure.take() {
                        let outcome =
                            closure(attempt).complete().and_then(|value| output::write(&value, "step's output"));
                        run.operation.operations.close(outcome);
                    }
                }
            }
        }
    }
}

/// An operation on its way from being named to being answered.
struct Operation {
    operations: Rc<Operations>,
    stage: Stage,
}

enum Stage {
    /// Not awaited yet: nothing is known of it.
    Named(Cow<'static, str>),
    Reached(usize),
    Over,
}

enum Progress {
    Execute(Attempt),
    Answer(OperationKey, Answer),
}

impl Operation {
    fn new(operations: &Rc<Operations>, id: Cow<'static, str>) -> Self {
        Self { operations: Rc::clone(operations), stage: Stage::Named(id) }
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        kind: &str,
        options: impl FnOnce() -> String,
    ) -> Poll<Result<Progress, StepError>> {
        match &self.stage {
            Stage::Named(id) => match self.operations.reach(id, kind, options(), context.waker()) {
                Ok(slot) => {
                    self.stage = Stage::Reached(slot);
                    Poll::Pending
                }
                Err(refused) => {
                    self.stage = Stage::Over;
                    Poll::Ready(Err(refused))
                }
            },
            Stage::Reached(slot) => match self.operations.turn(*slot, context.waker()) {
                Turn::Wait => Poll::Pending,
                Turn::Execute(attempt) => Poll::Ready(Ok(Progress::Execute(attempt))),
                Turn::Answer(key, answer) => {
                    self.stage = Stage::Over;
                    Poll::Ready(Ok(Progress::Answer(key, answer)))
                }
                Turn::Refuse(refused) => Poll::Ready(Err(refused)),
            },
            Stage::Over => panic!("an operation was polled after it had ended"),
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Stage::Reached(slot) = self.stage {
            self.operations.withdraw(slot);
        }
    }
}

/// The options of a `run`, see `wit/found-options.schema.json`.
fn run_options(retry: Option<Retry>) -> String {
    retry.and_then(|retry| serde_json::to_string(&retry).ok()).unwrap_or_else(|| "{}".to_owned())
}

/// The options of a `sleep`, see `wit/found-options.schema.json`.
pub(crate) fn sleep_options(duration: Duration) -> String {
    format!("{{\"ms\":{}}}", duration.as_secs_f64() * 1000.0)
}
