//! Functions: what starts them, how often they are retried, what handles them and their failures.

use crate::bindings::exports::stepwell::plugin::functions::Definition;
use crate::bindings::stepwell::plugin::types::{self, Outcome, RunContext};
use crate::context::{Context, FailureContext};
use crate::error::Result;
use crate::flow::{Batch, Concurrency, Debounce, Flow, RateLimit, Singleton, Throttle, milliseconds};
use crate::host::Host;
use crate::operations::Operations;
use crate::outside::WaitFor;
use crate::retry::Retry;
use crate::step::Step;
use crate::{blocking, drive, output};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

/// How errors speak of what a handler returns.
const RESULT: &str = "function's result";

type Handler = Box<dyn Fn(&Entry, RunContext) -> Outcome>;
type FailureHandler = Box<dyn Fn(&Entry, RunContext, types::Failure) -> Outcome>;

/// An entry into a function.
struct Entry {
    operations: Rc<Operations>,
    host: &'static dyn Host,
}

/// A durable function.
///
/// ```
/// use stepwell::{Context, FailureContext, Function, Result, Trigger};
///
/// fn import_images() -> Function {
///     Function::new("import-images", import)
///         .name("Import product images")
///         .on(Trigger::event("shop/product.imported").when("event.data.images > 0"))
///         .retries(2)
///         .on_failure(alert)
/// }
///
/// async fn import(context: Context) -> Result<()> { Ok(()) }
/// async fn alert(context: FailureContext) -> Result<()> { Ok(()) }
///
/// stepwell::plugin!(import_images);
/// ```
pub struct Function {
    id: Cow<'static, str>,
    name: Cow<'static, str>,
    options: Options,
    handler: Handler,
    failure_handler: Option<FailureHandler>,
}

/// `definition.options`, see `wit/function-options.schema.json`.
#[derive(Serialize)]
struct Options {
    triggers: Vec<Trigger>,
    #[serde(flatten)]
    retry: Retry,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cancel_on: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Timeouts::is_empty")]
    timeouts: Timeouts,
    /// Few functions have it, and it is large.
    #[serde(flatten)]
    flow: Option<Box<Flow>>,
}

#[derive(Serialize, Default)]
struct Timeouts {
    #[serde(skip_serializing_if = "Option::is_none")]
    start_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_ms: Option<u64>,
}

impl Timeouts {
    fn is_empty(&self) -> bool {
        self.start_ms.is_none() && self.finish_ms.is_none()
    }
}

/// A trigger of a function: an event, or a schedule.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Trigger {
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Cow<'static, str>>,
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    condition: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<String>,
}

impl Trigger {
    /// An event of this name, or, with a name that ends in `/*` or `.*`, of any name with what is before the star.
    pub fn event(name: impl Into<Cow<'static, str>>) -> Self {
        Self { event: Some(name.into()), ..Self::default() }
    }

    /// A schedule in cron's notation, as in `"0 9 * * 1"` or `"TZ=Europe/Paris */15 8-18 * * mon-fri"`; UTC unless
    /// told. Its runs get an event `inngest/scheduled.timer` with `cron`, `scheduledAt` and `fireAt` as data.
    pub fn cron(schedule: impl Into<Cow<'static, str>>) -> Self {
        Self { cron: Some(schedule.into()), ..Self::default() }
    }

    /// For a schedule: each time comes later by up to this (1 second to 5 minutes), so that not all come at once.
    #[must_use]
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = Some(duration_text(jitter));
        self
    }

    /// For an event: only if this CEL expression over `event` is true, as in `event.data.price > 100`.
    #[must_use]
    pub fn when(mut self, condition: impl Into<Cow<'static, str>>) -> Self {
        self.condition = Some(condition.into());
        self
    }
}

/// As triggers have durations.
fn duration_text(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

impl<N: Into<Cow<'static, str>>> From<N> for Trigger {
    fn from(name: N) -> Self {
        Self::event(name)
    }
}

impl Function {
    /// A function of this id (unique within the plugin; letters, digits, `-`, `_`, `.`) and handler.
    pub fn new<T, R, H>(id: impl Into<Cow<'static, str>>, handler: H) -> Self
    where
        T: DeserializeOwned + 'static,
        R: Serialize + 'static,
        H: AsyncFn(Context<T>) -> Result<R> + 'static,
    {
        Self::of(id.into(), move |entry, context| {
            drive::drive(&entry.operations, async {
                let context = Context::read(context, Step::new(&entry.operations), entry.host)?;
                output::write(&handler(context).await?, RESULT)
            })
        })
    }

    /// A function whose handler is written in the [blocking](crate::blocking) style.
    pub fn blocking<T, R, H>(id: impl Into<Cow<'static, str>>, handler: H) -> Self
    where
        T: DeserializeOwned + 'static,
        R: Serialize + 'static,
        H: Fn(blocking::Context<T>) -> Result<R> + 'static,
    {
        Self::of(id.into(), move |entry, context| {
            drive::ended((|| {
                let context = Context::read(context, blocking::Step::new(&entry.operations), entry.host)?;
                output::write(&handler(context)?, RESULT)
            })())
        })
    }

    fn of(id: Cow<'static, str>, handler: impl Fn(&Entry, RunContext) -> Outcome + 'static) -> Self {
        let options = Options {
            triggers: Vec::new(),
            retry: Retry::default(),
            cancel_on: Vec::new(),
            timeouts: Timeouts::default(),
            flow: None,
        };
        Self { id, name: "".into(), options, handler: Box::new(handler), failure_handler: None }
    }

    /// Its name, for people; the id, if it has no name.
    #[must_use]
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Adds a trigger, of up to 10: the name of an event, or a [`Trigger`], which may be a schedule. A function without
    /// triggers can only be invoked.
    #[must_use]
    pub fn on(mut self, trigger: impl Into<Trigger>) -> Self {
        self.options.triggers.push(trigger.into());
        self
    }

    /// How often the body and each step are retried; 4 unless told, at most 20.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retry = self.options.retry.times(retries);
        self
    }

    /// How the body and each step are retried; a step may have [retries of its own](Step::retrying).
    ///
    /// ```
    /// # use stepwell::{Context, Function, Result, Retry};
    /// # use std::time::Duration;
    /// # async fn import(_: Context) -> Result<()> { Ok(()) }
    /// let retry = Retry::default().times(8).exponential(Duration::from_secs(1), 2.0, Duration::from_secs(600));
    /// Function::new("import", import).on("shop/imported").retry(retry);
    /// ```
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.options.retry = retry;
        self
    }

    /// Cancels a run when such an event comes: its open steps end, nothing more begins, the failure handler does not
    /// run. At most five.
    #[must_use]
    pub fn cancel_on(mut self, wait: WaitFor) -> Self {
        self.options.cancel_on.push(wait.json());
        self
    }

    /// Cancels a run that takes longer than that from when it is first executed. A step that is open then ends first.
    #[must_use]
    pub fn finish_within(mut self, time: Duration) -> Self {
        self.options.timeouts.finish_ms = Some(milliseconds(time));
        self
    }

    /// Cancels a run that has not begun so long after it could: since others had all places, for one.
    #[must_use]
    pub fn start_within(mut self, time: Duration) -> Self {
        self.options.timeouts.start_ms = Some(milliseconds(time));
        self
    }

    /// Executes no more than that at once. At most two limits, each with a key or scope of its own.
    ///
    /// ```
    /// # use stepwell::{Concurrency, Context, Function, Result};
    /// # async fn import(_: Context) -> Result<()> { Ok(()) }
    /// Function::new("import", import)
    ///     .on("shop/imported")
    ///     .concurrency(Concurrency::new(10))
    ///     .concurrency(Concurrency::new(1).key("event.data.customer"));
    /// ```
    #[must_use]
    pub fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.flow().concurrency.push(concurrency);
        self
    }

    /// Has no more runs than that under way at once, from when they are first executed to their end.
    #[must_use]
    pub fn run_concurrency(mut self, concurrency: Concurrency) -> Self {
        self.flow().run_concurrency = Some(concurrency);
        self
    }

    /// Starts no more runs than that; further ones wait.
    #[must_use]
    pub fn throttle(mut self, throttle: Throttle) -> Self {
        self.flow().throttle = Some(throttle);
        self
    }

    /// Starts a run when no event has come for a while.
    #[must_use]
    pub fn debounce(mut self, debounce: Debounce) -> Self {
        self.flow().debounce = Some(debounce);
        self
    }

    /// Starts one run for many events.
    #[must_use]
    pub fn batch(mut self, batch: Batch) -> Self {
        self.flow().batch = Some(batch);
        self
    }

    /// Has a run count as older than it is by the value of this CEL expression over `event`, in seconds up to 43,200:
    /// where runs wait, older ones go first. Less than 0 lets others go first.
    #[must_use]
    pub fn priority(mut self, seconds: impl Into<Cow<'static, str>>) -> Self {
        self.flow().priority = Some(seconds.into());
        self
    }

    /// Has one unended run at a time.
    #[must_use]
    pub fn singleton(mut self, singleton: Singleton) -> Self {
        self.flow().singleton = Some(singleton);
        self
    }

    /// Starts one run in 24 hours for each value of this CEL expression over `event`, as in `event.data.order`. It
    /// takes the place of a rate limit.
    #[must_use]
    pub fn idempotency(mut self, key: impl Into<Cow<'static, str>>) -> Self {
        self.flow().idempotency = Some(key.into());
        self
    }

    /// Starts no more runs than that; events beyond start nothing.
    #[must_use]
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.flow().rate_limit = Some(limit);
        self
    }

    /// Sets the handler of a run that has failed for good. It is a function of its own, with a run of its own.
    #[must_use]
    pub fn on_failure<T, R, H>(mut self, handler: H) -> Self
    where
        T: DeserializeOwned + 'static,
        R: Serialize + 'static,
        H: AsyncFn(FailureContext<T>) -> Result<R> + 'static,
    {
        self.failure_handler = Some(Box::new(move |entry, context, error| {
            drive::drive(&entry.operations, async {
                let context = FailureContext::read(context, error, Step::new(&entry.operations), entry.host)?;
                output::write(&handler(context).await?, RESULT)
            })
        }));
        self
    }

    /// [`Self::on_failure`] for a handler in the [blocking](crate::blocking) style.
    #[must_use]
    pub fn on_failure_blocking<T, R, H>(mut self, handler: H) -> Self
    where
        T: DeserializeOwned + 'static,
        R: Serialize + 'static,
        H: Fn(blocking::FailureContext<T>) -> Result<R> + 'static,
    {
        self.failure_handler = Some(Box::new(move |entry, context, error| {
            drive::ended((|| {
                let step = blocking::Step::new(&entry.operations);
                let context = FailureContext::read(context, error, step, entry.host)?;
                output::write(&handler(context)?, RESULT)
            })())
        }));
        self
    }

    fn flow(&mut self) -> &mut Flow {
        self.options.flow.get_or_insert_default()
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn definition(&self) -> Definition {
        Definition {
            id: self.id.clone().into_owned(),
            name: self.name.clone().into_owned(),
            has_failure_handler: self.failure_handler.is_some(),
            options: serde_json::to_string(&self.options).expect("strings and numbers are always JSON"),
        }
    }

    /// Enters the function.
    pub(crate) fn run(&self, context: RunContext, host: &'static dyn Host) -> Outcome {
        (self.handler)(&Entry::new(&context, host), context)
    }

    /// Enters its failure handler, if it has one.
    pub(crate) fn handle_failure(
        &self,
        context: RunContext,
        error: types::Failure,
        host: &'static dyn Host,
    ) -> Option<Outcome> {
        let handler = self.failure_handler.as_ref()?;
        Some(handler(&Entry::new(&context, host), context, error))
    }
}

impl Entry {
    fn new(context: &RunContext, host: &'static dyn Host) -> Self {
        Self { operations: Rc::new(Operations::new(host, context.run_id.clone())), host }
    }
}
