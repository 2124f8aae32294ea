"""Functions: what starts them, how often they are retried, what handles them and their failures."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from . import context, flow, models, values
from .context import Context, FailureContext
from .drive import drive
from .duration import Duration, milliseconds
from .failure import Failure
from .flow import Batch, CancelOn, Concurrency, Debounce, RateLimit, Singleton, Throttle, Timeouts
from .host import Host, Outcome, RunContext
from .operations import Operations
from .retry import Backoff, Retry

T = TypeVar("T")
R = TypeVar("R")
F = TypeVar("F")

Handler = Callable[[Context[T]], Awaitable[R]]
FailureHandler = Callable[[FailureContext[T]], Awaitable[Any]]


@dataclass(frozen=True)
class Trigger:
    """A trigger of a function. Made by `event` or `cron`."""

    _options: dict[str, Any]

    @staticmethod
    def event(name: str, *, when: str | None = None) -> "Trigger":
        """An event of this name, or, with a name that ends in `/*` or `.*`, of any name with what is before the star.

        `when` is a CEL expression over `event` that must be true, as in `event.data.price > 100`.
        """
        return Trigger({"event": name} if when is None else {"event": name, "if": when})

    @staticmethod
    def cron(schedule: str, *, jitter: Duration | None = None) -> "Trigger":
        """A schedule in cron's notation, as in "0 9 * * 1" or "TZ=Europe/Paris */15 8-18 * * mon-fri"; UTC unless told.

        With a jitter, 1 second to 5 minutes, each time comes later by up to that, so that not all come at once.
        """
        options = {} if jitter is None else {"jitter": f"{round(milliseconds(jitter))}ms"}
        return Trigger({"cron": schedule} | options)


class Function(Generic[T, R]):
    """A durable function, made by the decorator `function`."""

    def __init__(self, id: str, name: str, options: dict[str, Any], handler: Handler[T, R]) -> None:
        _check(handler, "the function", id)
        self.id = id
        """Its id, unique within the plugin."""
        self.name = name
        """Its name, for people; the id where it is empty."""
        self.options = options
        """As `wit/function-options.schema.json` has them."""
        self._handler = handler
        self._failure_handler: FailureHandler[Any] | None = None

    def __call__(self, ctx: Context[T]) -> Awaitable[R]:
        """Calls the handler, as a plain function."""
        return self._handler(ctx)

    def on_failure(self, handler: FailureHandler[T]) -> FailureHandler[T]:
        """Decorates what is to be done when a run has failed for good. It is a function of its own, with its own run.

        >>> @import_images.on_failure
        ... async def alert(ctx: FailureContext) -> None: ...
        """
        _check(handler, "the failure handler of", self.id)
        if self._failure_handler is not None:
            raise ValueError(f'function "{self.id}" has two failure handlers')
        self._failure_handler = handler
        return handler

    @property
    def result(self) -> Any:
        """The type of what it returns, as the handler's annotation says."""
        return models.returned(self._handler)

    @property
    def has_failure_handler(self) -> bool:
        """Whether a failure handler was given."""
        return self._failure_handler is not None

    def prepare(self) -> None:
        """Reads the handlers' annotations, which is slow, while the plugin is built."""
        with suppress(Exception):  # an entry raises it again, where it can be told
            _data(self._handler, Context)
            if self._failure_handler:
                _data(self._failure_handler, FailureContext)

    def run(self, entered: RunContext, host: Host) -> Outcome:
        """Enters the function."""

        async def body(operations: Operations) -> R:
            return await self._handler(context.of_run(entered, operations, _data(self._handler, Context)))

        return drive(host, entered.run_id, body)

    def handle_failure(self, entered: RunContext, error: Failure, host: Host) -> Outcome:
        """Enters its failure handler."""
        handler = self._failure_handler
        if handler is None:
            raise LookupError(f'function "{self.id}" has no failure handler')

        async def body(operations: Operations) -> Any:
            return await handler(context.of_failure(entered, error, operations, _data(handler, FailureContext)))

        return drive(host, entered.run_id, body)


def function(
    *,
    id: str,
    name: str = "",
    trigger: str | Trigger | Sequence[str | Trigger] = (),
    retries: int | None = None,
    backoff: Backoff | None = None,
    jitter: Duration | None = None,
    concurrency: int | Concurrency | Sequence[Concurrency] = (),
    run_concurrency: int | Concurrency | None = None,
    throttle: Throttle | None = None,
    rate_limit: RateLimit | None = None,
    debounce: Debounce | None = None,
    batch: Batch | None = None,
    priority: str | None = None,
    singleton: Singleton | None = None,
    idempotency: str | None = None,
    cancel_on: CancelOn | Sequence[CancelOn] = (),
    timeouts: Timeouts | None = None,
) -> Callable[[Handler[T, R]], Function[T, R]]:
    """Makes a durable function of an `async def` that takes a `Context`.

    `trigger` is the name of an event, a `Trigger`, or up to ten of them; without any it can only be invoked. The body
    and each step are retried `retries` times, 4 unless told, after the delays of `backoff`, each later by up to
    `jitter`. `priority`, CEL over `event`, is a number of seconds by which a run counts as older than it is.
    `idempotency`, CEL too, has one run in 24 hours for each of its values.

    >>> @function(id="import-images", trigger="shop/product.imported", retries=2)
    ... async def import_images(ctx: Context[Product]) -> int: ...
    """
    triggers = [trigger] if isinstance(trigger, str | Trigger) else trigger
    options: dict[str, Any] = {"triggers": [_trigger(one) for one in triggers]}
    options |= Retry(retries, backoff, jitter).options()
    options["concurrency"] = flow.limits(concurrency)
    options["run_concurrency"] = None if run_concurrency is None else flow.limits(run_concurrency)[0]
    options["cancel_on"] = [one.options() for one in ([cancel_on] if isinstance(cancel_on, CancelOn) else cancel_on)]
    options |= {"priority": priority, "idempotency": idempotency}
    parts: dict[str, Any] = {"throttle": throttle, "rate_limit": rate_limit, "debounce": debounce}
    parts |= {"batch": batch, "singleton": singleton, "timeouts": timeouts}
    options |= {name: part and part.options() for name, part in parts.items()}
    given = {name: option for name, option in options.items() if option or name == "triggers" or option == 0}
    values.write(given, f'options of function "{id}"')
    return lambda handler: Function(id, name, given, handler)


def _trigger(trigger: str | Trigger) -> dict[str, Any]:
    return (Trigger.event(trigger) if isinstance(trigger, str) else trigger)._options


def _check(handler: Callable[..., Any], what: str, id: str) -> None:
    if not inspect.iscoroutinefunction(handler):
        raise TypeError(f'{what} "{id}" must be an `async def`, not {handler!r}')


@cache
def _data(handler: Callable[..., Any], of: type) -> Any:
    """The type of the event's data, as the annotation of the handler's argument names it."""
    annotated = next(iter(inspect.signature(handler).parameters), None)
    wanted = get_type_hints(handler).get(annotated or "")
    return get_args(wanted)[0] if get_origin(wanted) is of else Any
