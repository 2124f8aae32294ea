"""A host in memory: it keeps one run's journal and writes down every call."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from stepwell import Context, Failure, FailureContext, Function, Key
from stepwell.host import Answer, Completed, Failed, Found, Host, Level, Outcome, Resolved, RunContext

MAX_ATTEMPTS = 2


@dataclass
class Ran:
    """What one run of a function has come to."""

    outcome: Completed | Failed
    calls: list[str]
    """Every call, as `plan a#0 b#0`, `finish a#0`, `next a#0`; `enter` begins a pass."""
    asked: list[tuple[str, Any]]
    """Kind and options of each operation that was planned."""
    log: list[tuple[str, str, Any]]

    @property
    def value(self) -> Any:
        """What the run has returned."""
        assert isinstance(self.outcome, Completed), self.outcome
        return json.loads(self.outcome.value)

    @property
    def failure(self) -> Failure:
        """What the run has failed with."""
        assert isinstance(self.outcome, Failed), self.outcome
        return self.outcome.failure


@dataclass
class Journal:
    """The journal of one run, which outlives its passes."""

    answers: dict[str, Any] = field(default_factory=dict)
    """What the operations of these ids come to that the host sees to by itself; the others to null."""
    records: list[tuple[Key, Answer]] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    """Of steps that are done over with others than their own."""
    failed_run: dict[Key, Answer] = field(default_factory=dict)
    open: dict[Key, tuple[Found, int]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    log: list[tuple[str, str, Any]] = field(default_factory=list)

    def run(self, function: Function[Any, Any], data: Any = None, more: Sequence[Any] = ()) -> Ran:
        """Runs a function to its end, with this event data."""
        events = [json.dumps(event(one)) for one in [data or {}, *more]]
        return self._enter_until_ended(events, function.run)

    def handle(self, function: Function[Any, Any], failure: Failure, data: Any = None) -> Ran:
        """Runs a failure handler to its end."""
        error = {"name": failure.name, "message": failure.message}
        failed = {"function_id": "p-f", "run_id": "01F", "event": event(data or {}), "error": error}
        told = {"name": "inngest/function.failed", "id": "01F", "ts": 1600, "data": failed}
        return self._enter_until_ended(
            [json.dumps(told)], lambda entered, host: function.handle_failure(entered, failure, host)
        )

    def _enter_until_ended(self, events: list[str], enter: Callable[[RunContext, Host], Outcome]) -> Ran:
        target, attempt = None, 0
        while True:
            self.calls.append("enter")
            outcome = enter(RunContext("01R", "f", attempt, MAX_ATTEMPTS, events), Pass(self, target))
            if isinstance(outcome, Completed):
                return Ran(outcome, self.calls, self.asked, self.log)
            if isinstance(outcome, Failed):
                if outcome.failure.advice.never or attempt + 1 >= MAX_ATTEMPTS:
                    return Ran(outcome, self.calls, self.asked, self.log)
                attempt, target = attempt + 1, None
            else:
                target = self._wake()

    def _wake(self) -> Key | None:
        """What a scheduler would do next: end a sleep or the like, or run a step in a pass of its own."""
        if not self.open:
            return None
        key, (found, _) = min(self.open.items(), key=lambda item: (item[0].id, item[0].n))
        if found.kind == "run":
            return key
        del self.open[key]
        self.records.append((key, json.dumps(self.answers.get(key.id))))
        return None


class Pass:
    """The host of one pass."""

    def __init__(self, journal: Journal, target: Key | None) -> None:
        self._journal = journal
        self._target = target
        self._delivered = 0
        # A pass for one step is shown no more than there was when it began.
        self._known = len(journal.records)

    def plan(self, found: list[Found]) -> list[int | None]:
        journal = self._journal
        journal.calls.append("plan " + " ".join(name(one.key) for one in found))
        recorded = {key for key, _ in journal.records}
        for one in found:
            if one.key not in recorded and one.key not in journal.open:
                journal.open[one.key] = (one, 0)
                journal.asked.append((one.kind, json.loads(one.options)))
        alone = len(journal.open) == 1 and self._target is None
        return [self._decide(one.key, alone) for one in found]

    def _decide(self, key: Key, alone: bool) -> int | None:
        found, attempt = self._journal.open.get(key, (None, 0))
        runs = found is not None and found.kind == "run" and (alone or self._target == key)
        return attempt if runs else None

    def finish(self, key: Key, value: Answer) -> bool:
        journal = self._journal
        journal.calls.append(f"finish {name(key)}")
        found, attempt = journal.open.pop(key)
        if isinstance(value, Failure) and not value.advice.never and attempt + 1 < MAX_ATTEMPTS:
            journal.open[key] = (found, attempt + 1)
            return False
        journal.records.append((key, value))
        return self._target is None

    def next(self) -> Resolved | None:
        records = self._journal.records
        if self._delivered >= (self._known if self._target else len(records)):
            return None
        key, value = records[self._delivered]
        self._delivered += 1
        self._journal.calls.append(f"next {name(key)}")
        return Resolved(key, value)

    def failed_step(self, key: Key) -> Answer | None:
        return self._journal.failed_run.get(key)

    def step_input(self, key: Key) -> str | None:
        return self._journal.inputs.get(name(key))

    def log(self, level: Level, message: str, fields: str) -> None:
        self._journal.log.append((level, message, json.loads(fields)))


def event(data: Any) -> dict[str, Any]:
    return {"name": "test/event", "id": "01E", "ts": 1500, "data": data}


def name(key: Key) -> str:
    return f"{key.id}#{key.n}"


def function(handler: Callable[[Context[Any]], Any]) -> Function[Any, Any]:
    """A function of this handler."""
    return Function("f", "", {}, handler)


def run(handler: Callable[[Context[Any]], Any], data: Any = None, **journal: Any) -> Ran:
    """Runs a function of this handler to its end."""
    return Journal(**journal).run(function(handler), data)


def handle(handler: Callable[[FailureContext[Any]], Any], failure: Failure, data: Any = None, **journal: Any) -> Ran:
    """Runs this failure handler to its end."""

    async def fails(ctx: Context[Any]) -> None: ...

    of = function(fails)
    of.on_failure(handler)
    return Journal(**journal).handle(of, failure, data)
