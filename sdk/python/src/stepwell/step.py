"""Durable operations, as a function's body names them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, overload

from . import fetch, models, values
from .attempt import attempt
from .duration import Duration, not_negative
from .errors import DeserializeError
from .event import Event, NewEvent
from .fetch import Response
from .operations import Operations
from .retry import BY_FUNCTION, Backoff, Retry
from .signal import Signal

if TYPE_CHECKING:
    from .function import Function

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

# How long something is waited for, unless told otherwise.
_YEAR = "365d"


class Step:
    """The durable operations of a function. Await each, or start several with `asyncio.gather` or a `TaskGroup`."""

    def __init__(self, operations: Operations, retry: Retry = BY_FUNCTION) -> None:
        self._operations = operations
        self._retry = retry

    def retrying(
        self, retries: int | None = None, *, backoff: Backoff | None = None, jitter: Duration | None = None
    ) -> "Step":
        """For steps and fetches whose retries are to be others than the function's.

        >>> await ctx.step.retrying(8, backoff=Backoff.exponential("1s", max="10m")).run("charge", charge, order)
        """
        return Step(self._operations, Retry(retries, backoff, jitter))

    @overload
    async def run(self, id: str, function: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R: ...

    @overload
    async def run(self, id: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R: ...

    async def run(self, id: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Runs a function, plain or `async`, and remembers its result: replaying the body does not run it again.

        What comes back is the result as JSON, read as the type that the function's annotation names: a lambda that
        yields a dataclass yields a dictionary.

        >>> images = await ctx.step.run("fetch-images", fetch_images, sku)

        Raises a `StepError` once its retries have run out.
        """

        def closure() -> Any:
            return self._operations.host.call(function, _input(self._operations, function, args), kwargs)

        result = await self._operations.reach(id, "run", self._retry.options(), closure)
        return models.read(models.returned(function), result, f'the result of step "{id}"')

    async def sleep(self, id: str, duration: Duration) -> None:
        """Waits, at most 366 days. The function is not in memory meanwhile.

        >>> await ctx.step.sleep("cool-down", "1h30m")
        """
        await self._operations.reach(id, "sleep", {"ms": not_negative(duration)})

    async def sleep_until(self, id: str, time: datetime | str) -> None:
        """Waits until a time, a `datetime` or its ISO text; one that is past is over at once."""
        until = datetime.fromisoformat(time) if isinstance(time, str) else time
        if until.tzinfo is None:
            raise ValueError(f"failed to wait until {time}: it has no time zone")
        await self._operations.reach(id, "sleep", {"until": until.timestamp() * 1000})

    @overload
    async def wait_for_event(
        self,
        id: str,
        event: str,
        *,
        timeout: Duration = _YEAR,
        match: str | None = None,
        when: str | None = None,
    ) -> Event[Any] | None: ...

    @overload
    async def wait_for_event(
        self,
        id: str,
        event: str,
        *,
        timeout: Duration = _YEAR,
        match: str | None = None,
        when: str | None = None,
        data: type[T],
    ) -> Event[T] | None: ...

    async def wait_for_event(
        self,
        id: str,
        event: str,
        *,
        timeout: Duration = _YEAR,
        match: str | None = None,
        when: str | None = None,
        data: Any = Any,
    ) -> Event[Any] | None:
        """Waits for an event that is sent from now on; `None`: none has come in time, which is 365 days unless told.

        `match` names a field, such as `data.order`, that is to be equal in the event that started the run; `when` is
        CEL over `event`, which started the run, and `async`, which has come; `data` is the type of its data.

        >>> paid = await ctx.step.wait_for_event("payment", "shop/paid", match="data.order", timeout="3d")
        """
        options: dict[str, Any] = {"event": event, "timeout_ms": not_negative(timeout)}
        options |= {} if match is None else {"match": match}
        options |= {} if when is None else {"if": when}
        come = await self._operations.reach(id, "wait-for-event", options)
        result: Event[Any] | None = models.read(Event[data] | None, come, f'the event of "{id}"')
        return result

    @overload
    async def invoke(
        self, id: str, function: "Function[Any, R]", data: object = None, *, timeout: Duration = _YEAR
    ) -> R: ...

    @overload
    async def invoke(self, id: str, function: str, data: object = None, *, timeout: Duration = _YEAR) -> Any: ...

    async def invoke(
        self, id: str, function: "Function[Any, Any] | str", data: object = None, *, timeout: Duration = _YEAR
    ) -> Any:
        """Starts a run of another function and waits for its result, 365 days unless told.

        `function` is one of this plugin, whose result is read as its annotation says, or an id: `<plugin>-<function>`.
        Raises a `StepError` if that run fails, if there is no such function, or with the name
        `InngestInvokeTimeoutError`; it is not invoked again by itself.

        >>> score = await ctx.step.invoke("risk", "risk-score", {"order": 7})
        """
        name, wanted = (function, Any) if isinstance(function, str) else (function.id, function.result)
        options = {"function": name, "data": {} if data is None else data, "timeout_ms": not_negative(timeout)}
        result = await self._operations.reach(id, "invoke", options)
        return models.read(wanted, result, f'the result of "{name}"')

    async def send_event(self, id: str, event: NewEvent | str, data: object = None) -> str:
        """Sends an event, once: it is written together with this operation's result. Answers its id.

        >>> await ctx.step.send_event("tell", "shop/order.shipped", {"order": 7})
        """
        new = NewEvent(event, {} if data is None else data) if isinstance(event, str) else event
        return next(iter(await self.send_events(id, [new])), "")

    async def send_events(self, id: str, events: Iterable[NewEvent]) -> list[str]:
        """The same for several, at most 5,000: all are sent or none. Answers their ids."""
        options = {"events": [event.options() for event in events]}
        sent = await self._operations.reach(id, "send-events", options)
        ids: list[str] = sent["ids"]
        return ids

    async def wait_for_signal(
        self,
        id: str,
        signal: str,
        *,
        timeout: Duration = _YEAR,
        on_conflict: Literal["fail", "replace"] = "fail",
    ) -> Signal | None:
        """Waits for a signal, which is meant for one run; `None`: none has come in time, which is 365 days unless told.

        Where another run waits for it already, the run fails, or takes its place.
        """
        options = {"signal": signal, "timeout_ms": not_negative(timeout), "on_conflict": on_conflict}
        come = await self._operations.reach(id, "wait-for-signal", options)
        return None if come is None else Signal(come["signal"], come["data"])

    async def send_signal(self, id: str, signal: str, data: object = None) -> str | None:
        """Sends a signal to the run that waits for it, once. Answers which run that was, if there was one."""
        sent = await self._operations.reach(id, "send-signal", {"signal": signal, "data": data})
        run_id: str | None = sent["run_id"]
        return run_id

    async def fetch(
        self,
        id: str,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        json: object = None,
        body: str | bytes | None = None,
        timeout: Duration | None = None,
        redirect: Literal["follow", "manual", "error"] = "follow",
    ) -> Response:
        """Has the host make a request, to a host that is granted to the plugin; answers its response, of any status.

        The function is not in memory meanwhile, and the response is recorded; the request is not. It is retried as a
        step is, at every failure of the network but a denial. Raises a `StepError` of the name `FetchError` once its
        retries have run out; its `code` says what went wrong.

        >>> items = (await ctx.step.fetch("items", url)).raise_for_status().json()
        """
        options = self._retry.options() | fetch.request(url, method, headers, json, body, timeout, redirect)
        return Response.__stepwell_read__(await self._operations.reach(id, "fetch", options))


def _input(operations: Operations, function: Callable[..., Any], own: tuple[Any, ...]) -> tuple[Any, ...]:
    """The step's arguments: those of the code, unless the run is replayed with others.

    One argument is given as it is, several as a list of them.
    """
    given = operations.host.step_input(attempt().step) if own else None
    if given is None:
        return own
    value = values.read(given)
    arguments = value if len(own) > 1 else [value]
    if not isinstance(arguments, list) or len(arguments) != len(own):
        raise DeserializeError(
            f"the input that the step was to be replayed with is not a list of {len(own)} arguments"
        )
    said = models.taken(function, len(own))
    return tuple(
        models.read(_like(theirs, wanted), argument, "the input that the step was to be replayed with")
        for argument, theirs, wanted in zip(arguments, own, said, strict=True)
    )


def _like(own: Any, said: Any) -> Any:
    """The type of an argument: as the function says, but of what is a model, that one."""
    is_model = is_dataclass(own) or hasattr(own, "model_validate")
    return type(own) if is_model and (said is Any or isinstance(said, type)) else said
