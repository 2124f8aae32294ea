"""Functions of one handler on the test kit's host, and what the SDK has asked of it, call by call."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from stepwell import Context, Failure, FailureContext, Function, Key, NewEvent
from stepwell.host import Answer, Found, Host, Level, Outcome, Resolved, RunContext
from stepwell.testing import Run, TestHost

NOW = datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC)


@dataclass
class Calls:
    """The calls that the host received."""

    made: list[str] = field(default_factory=list)
    """Every call, as `plan a#0 b#0`, `finish a#0`, `next a#0`; `enter` begins a pass."""
    asked: list[tuple[str, Any]] = field(default_factory=list)
    """Kind and options of each operation, as it was planned first."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Inputs of steps that are replayed with others than their own."""
    early: Sequence[Resolved] = ()
    """Results of operations that the code does not ask for."""
    _known: set[Key] = field(default_factory=set)

    def plan(self, found: list[Found]) -> None:
        self.made.append("plan " + " ".join(name(one.key) for one in found))
        self.asked += [(one.kind, json.loads(one.options)) for one in found if one.key not in self._known]
        self._known |= {one.key for one in found}


class Spy:
    """Notes what is asked of the host behind it."""

    def __init__(self, host: Host, calls: Calls) -> None:
        self._host, self._calls = host, calls
        self._early = list(calls.early)
        self.failed_step, self.log, self.call = host.failed_step, host.log, host.call

    def plan(self, found: list[Found]) -> list[int | None]:
        self._calls.plan(found)
        return self._host.plan(found)

    def finish(self, key: Key, value: Answer) -> bool:
        self._calls.made.append(f"finish {name(key)}")
        return self._host.finish(key, value)

    def next(self) -> Resolved | None:
        resolved = self._early.pop(0) if self._early else self._host.next()
        if resolved:
            self._calls.made.append(f"next {name(resolved.key)}")
        return resolved

    def step_input(self, key: Key) -> str | None:
        return self._calls.inputs.get(name(key))


class Spied(Function[Any, Any]):
    """A function whose calls are noted."""

    def __init__(self, handler: Callable[[Context[Any]], Any], calls: Calls) -> None:
        super().__init__("f", "", {"triggers": [{"event": "test/event"}], "retries": 1}, handler)
        self._calls = calls

    def run(self, entered: RunContext, host: Host) -> Outcome:
        self._calls.made.append("enter")
        return super().run(entered, Spy(host, self._calls))


@dataclass
class Ran:
    """The outcome of a run, and how it came about."""

    run: Run
    calls: list[str]
    asked: list[tuple[str, Any]]

    @property
    def value(self) -> Any:
        """The run's result."""
        return self.run.output

    @property
    def failure(self) -> Failure:
        """The run's error."""
        assert self.run.error is not None, self.run
        return self.run.error

    @property
    def log(self) -> list[tuple[Level, str, Any]]:
        return [(line.level, line.message, line.fields) for line in self.run.log]


def run(
    handler: Callable[[Context[Any]], Any],
    data: Any = None,
    more: Sequence[Any] = (),
    mocks: Mapping[str, Any] | None = None,
    **calls: Any,
) -> Ran:
    """Runs a function of this handler, with 1 retry, to its end."""
    noted = Calls(**calls)
    host = TestHost(Spied(handler, noted), now=NOW)
    for id, value in (mocks or {}).items():
        host.mock(id, value)
    started = host.start("f", *(NewEvent("test/event", one) for one in [data or {}, *more]))
    host.advance("1d")
    return Ran(started, noted.made, noted.asked)


def handle(handler: Callable[[FailureContext[Any]], Any], failure: Failure, data: Any = None) -> Run:
    """Runs this failure handler to its end, behind a run that had done `reserve`, and failed in `save`."""

    async def fails(ctx: Context[Any]) -> None:
        await ctx.step.run("reserve", lambda: 7)
        await ctx.step.run("save", lambda: None)

    of = function(fails)
    of.on_failure(handler)
    host = TestHost(of, now=NOW)
    host.fail("save", failure)
    handled = host.execute("test/event", data).handler
    assert handled is not None
    return handled


def function(handler: Callable[[Context[Any]], Any]) -> Function[Any, Any]:
    """A function of this handler."""
    return Spied(handler, Calls())


def name(key: Key) -> str:
    return f"{key.id}#{key.n}"
