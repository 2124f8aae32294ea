//! Functions: what starts them, how often they are retried, what handles them and their failures.

use crate::bindings::exports::stepwell::plugin::functions::Definition;
use crate::bindings::stepwell::plugin::types::{self, Outcome, RunContext};
use crate::error::Result;
use crate::context::{Context, FailureContext};
use crate::host::Host;
use crate::operations::Operations;
use crate::step::Step;
use crate::{blocking, drive, output};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::rc::Rc;

type Handler = Box<dyn Fn(RunContext, &'static dyn Host) -> Outcome>;
type FailureHandler = Box<dyn Fn(RunContext, types::Failure, &'static dyn Host) -> Outcome>;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    retries: Option<u32>,
}

/// What starts a function.
#[derive(Debug, Clone, Serialize)]
pub struct Trigger {
    event: Cow<'static, str>,
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    condition: Option<Cow<'static, str>>,
}

impl Trigger {
    /// An event of this name, or, with a name that ends in `/*` or `.*`, of any name with what is before the star.
    pub fn event(name: impl Into<Cow<'static, str>>) -> Self {
        Self { event: name.into(), condition: None }
    }

    /// Only if this CEL expression over `event` is true, as in `event.data.price > 100`.
    #[must_use]
    pub fn when(mut self, condition: impl Into<Cow<'static, str>>) -> Self {
        self.condition = Some(condition.into());
        self
    }
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
        Self::of(id.into(), Box::new(move |context, host| {
            let operations = operations(&context, host);
            match Context::read(context, Step::new(Rc::clone(&operations)), host) {
                Ok(context) => drive::drive(&operations, async {
                    output::write(&handler(context).await?, "function's result")
                }),
                Err(error) => drive::ended(Err(error)),
            }
        }))
    }

    /// A function whose handler is written in the [blocking](crate::blocking) style.
    pub fn blocking<T, R, H>(id: impl Into<Cow<'static, str>>, handler: H) -> Self
    where
        T: DeserializeOwned + 'static,
        R: Serialize + 'static,
        H: Fn(blocking::Context<T>) -> Result<R> + 'static,
    {
        Self::of(id.into(), Box::new(move |context, host| {
            let step = blocking::Step::new(operations(&context, host));
            drive::ended(
                Context::read(context, step, host)
                    .and_then(&handler)
                    .and_then(|result| output::write(&result, "function's result")),
            )
        }))
    }

    fn of(id: Cow<'static, str>, handler: Handler) -> Self {
        let options = Options { triggers: Vec::new(), retries: None };
        Self { id, name: "".into(), options, handler, failure_handler: None }
    }

    /// Its name, for people; the id, if there is none.
    #[must_use]
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// What starts it: the name of an event, or a [`Trigger`]; up to 10 of them. Without any it can only be invoked.
    #[must_use]
    pub fn on(mut self, trigger: impl Into<Trigger>) -> Self {
        self.options.triggers.push(trigger.into());
        self
    }

    /// How often the body and each step are retried; 4 unless told, at most 20.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retries = Some(retries);
        self
    }

    /// What is to be done when a run has failed for good. It is a function of its own, with a run of its own.
    #[must_use]
    pub fn on_failure<T, R, H>(mut self, handler: H) -> Self
    where
        T: DeserializeOwned + 'static,
        R: Serialize + 'static,
        H: AsyncFn(FailureContext<T>) -> Result<R> + 'static,
    {
        self.failure_handler = Some(Box::new(move |context, error, host| {
            let operations = operations(&context, host);
            match FailureContext::read(context, error, Step::new(Rc::clone(&operations)), host) {
                Ok(context) => drive::drive(&operations, async {
                    output::write(&handler(context).await?, "failure handler's result")
                }),
                Err(error) => drive::ended(Err(error)),
            }
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
        self.failure_handler = Some(Box::new(move |context, error, host| {
            let step = blocking::Step::new(operations(&context, host));
            drive::ended(
                FailureContext::read(context, error, step, host)
                    .and_then(&handler)
                    .and_then(|result| output::write(&result, "failure handler's result")),
            )
        }));
        self
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

    pub(crate) fn run(&self, context: RunContext, host: &'static dyn Host) -> Outcome {
        (self.handler)(context, host)
    }

    pub(crate) fn handle_failure(
        &self,
        context: RunContext,
        error: types::Failure,
        host: &'static dyn Host,
    ) -> Option<Outcome> {
        self.failure_handler.as_ref().map(|handler| handler(context, error, host))
    }
}

fn operations(context: &RunContext, host: &'static dyn Host) -> Rc<Operations> {
    Rc::new(Operations::new(host, context.run_id.clone()))
}
