"""The host of a test."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ..duration import Duration, not_negative
from ..event import Event, NewEvent
from ..failure import Failure
from ..function import Function
from . import lifecycle
from .problems import NobodyHeardError
from .run import Run, event_of
from .world import Received, World, sent

AnyFunction = Function[Any, Any]


class TestHost:
    """A host in memory that holds these functions. Their code runs in the test's process, time is virtual.

    >>> host = TestHost(place_order)
    >>> run = host.execute("shop/order.placed", {"order": "o-1"})
    >>> assert run.output == {"order": "o-1", "shipped": True}

    It behaves as the real host does, except: what limits how often and how many at once is ignored, schedules do not
    start anything, expressions are not evaluated (a test is told what to do instead), and retries have no jitter.
    """

    __test__ = False  # nothing that pytest should collect

    def __init__(self, *functions: AnyFunction, now: datetime | None = None, plugin: str = "test") -> None:
        """`now` is the time at which it begins, the machine's unless told; composite ids are `<plugin>-<function>`."""
        self._world = World(functions, _ms(now or datetime.now(UTC)), plugin)

    @property
    def now(self) -> datetime:
        """Its time. What the code reads of Python's own clock is the machine's all the same."""
        return datetime.fromtimestamp(self._world.now / 1000, UTC)

    @property
    def runs(self) -> list[Run]:
        """All runs, in the order in which they were started."""
        return [Run(execution) for execution in self._world.executions]

    @property
    def events(self) -> list[Event[Any]]:
        """All events: those of the test, those that steps have sent, and those that tell of the ends of runs."""
        return [event_of(text) for text in self._world.events]

    def send(self, event: NewEvent | str, data: object = None) -> Run | None:
        """Sends an event, and lets runs go as far as they can without time passing.

        Answers the first run that it has started, or else moved on: one that had waited for it; `None` without either.
        """
        return self._first(self._receive(event, data))

    def execute(self, event: NewEvent | str, data: object = None) -> Run:
        """Sends an event, and lets time pass until all runs have ended or wait for what has to come from outside.

        A wait's own timeout is no reason to let time pass: see `advance`. Answers the first run that the event has
        started, or else moved on; a `NobodyHeardError` without either.
        """
        received = self._receive(event, data)
        self._world.settle()
        if run := self._first(received):
            return run
        name = event if isinstance(event, str) else event.name
        raise NobodyHeardError(f'"{name}" starts no function of this host, and no run has waited for it')

    def start(self, function: AnyFunction | str, *events: NewEvent) -> Run:
        """Starts a function, whatever its triggers; then lets runs go as far as they can without time passing.

        Without an event it is started as its schedule would, or with an event without data; with several it gets a
        batch.
        """
        member = self._world.function(function) if isinstance(function, str) else function
        if member is None:
            raise LookupError(f'"{function}" is no function of this host')
        texts = [self._text(event) for event in events or [_by_itself(member, self._world.now)]]
        execution = self._world.start(member, texts)
        self._go_on()
        return Run(execution)

    def advance(self, duration: Duration) -> None:
        """Lets time pass: sleeps and waits end and attempts begin in the order in which they are due.

        >>> host.advance("3d")
        """
        _refuse_to_nest()
        self._world.pass_until(self._world.now + not_negative(duration))

    def signal(self, signal: str, data: object = None) -> Run | None:
        """Sends a signal; answers the run that had waited for it, if there is one."""
        receiver = self._world.signal(signal, data)
        self._go_on()
        return None if receiver is None else Run(receiver)

    def cancel(self, run: Run) -> None:
        """Cancels a run that is under way."""
        self._world.cancel(run._execution, "by the test")
        self._go_on()

    def mock(self, id: str, value: Any | Callable[..., Any]) -> None:
        """Has the operation of that id, of whatever run, come to a value instead of what it would do.

        A callable is called: with a step's arguments, the data of an invocation, the `Request` of a fetch; without
        anything for a wait. What it raises, the operation fails with. A fetch comes to `respond(…)`; a wait for an
        event to `None`, to the event's data, or to a `NewEvent`; a wait for a signal to `None` or the signal's data.

        >>> host.mock("fetch-images", ["a.webp"])
        >>> host.mock("ask", lambda request: respond(json=answer(request.json())))
        """
        self._world.doubles.mocks[id] = value

    def fail(self, id: str, error: BaseException | type[BaseException] | Failure, *, times: int | None = None) -> None:
        """Injects a fault: the next `times` attempts of the operation of that id fail with that error; all unless told.

        Retries are as ever: a `NonRetriableError` has none. Once they have failed, it does what it would without.

        >>> host.fail("save", ConnectionError("reset"), times=2)
        """
        self._world.doubles.fail(id, error, times)

    def crash(self, id: str, *, times: int = 1) -> None:
        """Injects a crash: the host is lost right after the step's code has run, before its result is recorded.

        The step runs again, and no attempt is used up. What it does has to bear that.
        """
        self._world.doubles.crash(id, times)

    def _receive(self, event: NewEvent | str, data: object) -> Received:
        new = NewEvent(event, {} if data is None else data) if isinstance(event, str) else event
        if new.name.startswith("inngest/"):
            raise ValueError(f'"{new.name}" is the host\'s own: start who listens to it with host.start(…)')
        received = self._world.receive(sent(new))
        self._go_on()
        return received

    def _go_on(self) -> None:
        _refuse_to_nest()
        self._world.go_on()

    def _first(self, received: Received) -> Run | None:
        return Run(received.runs[0]) if received.runs else None

    def _text(self, event: NewEvent) -> str:
        plain = sent(event)
        id = plain.get("id") or self._world.new_event_id()
        return lifecycle.event(plain["name"], plain["data"], id, plain.get("ts") or self._world.now)


def _by_itself(function: AnyFunction, now: float) -> NewEvent:
    """The event of a function that no event has started."""
    crons = [one["cron"] for one in function.options["triggers"] if "cron" in one]
    if crons:
        return NewEvent(lifecycle.SCHEDULED, lifecycle.scheduled_data(crons[0], now))
    return NewEvent(lifecycle.INVOKED)


def _ms(time: datetime) -> float:
    if time.tzinfo is None:
        raise ValueError(f"failed to begin at {time}: it has no time zone")
    return float(round(time.timestamp() * 1000))


def _refuse_to_nest() -> None:
    if asyncio._get_running_loop() is not None:
        raise RuntimeError(
            "a TestHost has a loop of its own for its functions: use it in a plain `def`, not in `async`"
        )
