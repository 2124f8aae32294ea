"""The host in memory: its functions, runs and events, and the time that passes for them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .. import values
from ..failure import Failure, Key
from ..function import Function
from ..host import Completed, Failed
from . import lifecycle
from .doubles import Doubles
from .execution import Cancelled, Execution
from .journal import Journal, Operation
from .outside import Outside
from .policy import Policy
from .problems import NeedsRealHostError, TestKitError

AnyFunction = Function[Any, Any]

# A second event of one id starts no function again for so long.
_ONCE_MS = 86_400_000
# A test that starts more runs than this, or waits more often, is taken not to come to an end.
_ENDLESS = 1_000


@dataclass(frozen=True)
class Received:
    """The outcome of an event."""

    id: str
    runs: list[Execution]
    """The runs that it has started, or else those that had waited for it or that it has ended."""


class World:
    """All that a test's host knows. Times are milliseconds since 1970."""

    def __init__(self, functions: Sequence[AnyFunction], now: float, plugin: str) -> None:
        self.now = now
        self.doubles = Doubles()
        self.executions: list[Execution] = []
        self.events: list[str] = []
        self._functions = functions
        self._plugin = plugin
        self._outside = Outside(self)
        self._later: list[tuple[float, AnyFunction, str]] = []
        self._started: dict[tuple[str, str], float] = {}
        self._event_ids = 0

    def new_event_id(self) -> str:
        self._event_ids += 1
        return f"event-{self._event_ids}"

    def function(self, id: str) -> AnyFunction | None:
        """By its id, or by its composite id."""
        return next((one for one in self._functions if id in (one.id, self._composite(one.id))), None)

    def start(
        self,
        function: AnyFunction,
        events: list[str],
        *,
        failed: Execution | None = None,
        invoker: tuple[Execution, Key] | None = None,
    ) -> Execution:
        """Starts a run; it does not go on yet."""
        if len(self.executions) >= _ENDLESS:
            raise TestKitError(f"there are {_ENDLESS} runs: do events and functions start each other without an end?")
        # A failure handler is a function of its own, with one retry, and inherits nothing.
        policy = Policy(retries=1) if failed else Policy().overridden(function.options)
        id = f"run-{len(self.executions) + 1}"
        execution = Execution(id, function, events, Journal(self.now), policy, failed, invoker=invoker)
        self.executions.append(execution)
        return execution

    def receive(self, sent: dict[str, Any]) -> Received:
        """Takes an event in: it cancels, answers and starts runs."""
        id = sent.get("id") or self.new_event_id()
        text = lifecycle.event(sent["name"], sent["data"], id, sent.get("ts") or self.now)
        return self._tell(text, starts_at=sent.get("ts") or self.now)

    def _tell(self, text: str, starts_at: float) -> Received:
        event = values.read(text)
        self.events.append(text)
        moved = [*self._cancel_by(event), *self._answer_by(event)]
        listeners = [one for one in self._functions if self._listens(one, event)]
        if starts_at > self.now:
            self._later += [(starts_at, one, text) for one in listeners]
            return Received(event["id"], moved)
        started = [self.start(one, [text]) for one in listeners if self._is_first(one, event)]
        return Received(event["id"], started or moved)

    def _is_first(self, function: AnyFunction, event: dict[str, Any]) -> bool:
        key = (function.id, event["id"])
        if event["name"].startswith("inngest/"):
            return True
        is_first = self._started.get(key, -1.0) < self.now
        if is_first:
            self._started[key] = self.now + _ONCE_MS
        return is_first

    def _listens(self, function: AnyFunction, event: dict[str, Any]) -> bool:
        triggers = [one for one in function.options["triggers"] if _names(one.get("event", ""), event["name"])]
        if triggers and all("if" in one for one in triggers):
            raise NeedsRealHostError(
                f'function "{function.id}" is started by {event["name"]} if `{triggers[0]["if"]}`, which only the real '
                f'host can tell: start it with host.start("{function.id}", NewEvent(…))'
            )
        return bool(triggers)

    def _answer_by(self, event: dict[str, Any]) -> Iterator[Execution]:
        for execution, operation in self._open("wait-for-event"):
            options = operation.options
            if options["event"] == event["name"] and _matches(options.get("match"), execution, event):
                self._outside.answer(execution, operation, event)
                yield execution

    def _cancel_by(self, event: dict[str, Any]) -> Iterator[Execution]:
        for execution in self._unended():
            # A failure handler inherits nothing.
            for ending in [] if execution.failed else execution.function.options.get("cancel_on", []):
                is_heard = self.now <= execution.journal.begun + ending.get("timeout_ms", float("inf"))
                if is_heard and self._cancels(ending, execution, event):
                    self.cancel(execution, f"by event {event['name']}")
                    yield execution
                    break

    def _cancels(self, ending: dict[str, Any], execution: Execution, event: dict[str, Any]) -> bool:
        if ending["event"] != event["name"]:
            return False
        if "if" in ending:
            raise NeedsRealHostError(
                f'function "{execution.function.id}" is cancelled by {event["name"]} if `{ending["if"]}`, which '
                "only the real host can tell: cancel its run with host.cancel(run)"
            )
        return _matches(ending.get("match"), execution, event)

    def cancel(self, execution: Execution, reason: str) -> None:
        """Ends a run that is under way."""
        if execution.outcome is None:
            execution.end(Cancelled(reason), f"cancelled: {reason}", self.now)
            self._told(execution)

    def waiting_for_signal(self, signal: str, *, other_than: Operation) -> tuple[Execution, Operation] | None:
        """The runs that wait for it."""
        waits = [pair for pair in self._open("wait-for-signal") if pair[1] is not other_than]
        return next((pair for pair in waits if pair[1].options["signal"] == signal), None)

    def signal(self, signal: str, data: Any) -> Execution | None:
        """Gives a signal to the run that waits for it."""
        for execution, operation in self._open("wait-for-signal"):
            if operation.options["signal"] == signal:
                self._outside.answer(execution, operation, {"signal": signal, "data": data})
                return execution
        return None

    def go_on(self) -> None:
        """Lets all runs go as far as they can without time passing."""
        while ready := next((one for one in self.executions if one.is_ready(self.now)), None):
            ready.go_on(self.now, self.doubles, self._outside.begin)
            if ready.outcome is not None:
                self._told(ready)

    def settle(self) -> None:
        """Lets time pass until all runs have ended or wait for what has to come from outside."""
        self.go_on()
        for _ in range(_ENDLESS):
            due = self._next_due(lambda operation: not operation.waits_outside)
            if due is None:
                return
            self.pass_until(due)
        raise TestKitError(f"time has passed {_ENDLESS} times, and runs still sleep: do they end at all?")

    def pass_until(self, time: float) -> None:
        """Lets time pass: what is due meanwhile happens, in the order in which it is due."""
        self.go_on()
        while (due := self._next_due(lambda _: True)) is not None and due <= time:
            self.now = max(due, self.now)
            self._happen()
            self.go_on()
        self.now = max(time, self.now)

    def _next_due(self, wanted: Any) -> float | None:
        times = [due for one in self._unended() if (due := one.next_due(wanted)) is not None]
        return min([*times, *(at for at, _, _ in self._later)], default=None)

    def _happen(self) -> None:
        for execution in self._unended():
            for operation in execution.journal.open():
                if operation.kind != "run" and operation.due is not None and operation.due <= self.now:
                    self._outside.end(execution, operation)
        due, self._later = (
            [one for one in self._later if one[0] <= self.now],
            [one for one in self._later if one[0] > self.now],
        )
        for _, function, text in due:
            if self._is_first(function, values.read(text)):
                self.start(function, [text])

    def _told(self, execution: Execution) -> None:
        """Tells of a run's end: its invoker, its failure handler, and the listeners to ends."""
        if execution.is_told:
            return
        execution.is_told = True
        self._tell_invoker(execution)
        if not lifecycle.is_told(execution):
            return
        data = lifecycle.end_data(execution, self._composite(execution.function_id))
        self._emit(lifecycle.FINISHED, data, self.new_event_id())
        if isinstance(execution.outcome, Cancelled):
            self._emit(lifecycle.CANCELLED, data, execution.id)
        if isinstance(execution.outcome, Failed):
            if execution.function.has_failure_handler:
                text = lifecycle.event(lifecycle.FAILED, data, execution.id, self.now)
                execution.handler = self.start(execution.function, [text], failed=execution)
            self._emit(lifecycle.FAILED, data, execution.id)

    def _emit(self, name: str, data: dict[str, Any], id: str) -> None:
        self._tell(lifecycle.event(name, data, id, self.now), starts_at=self.now)

    def _tell_invoker(self, execution: Execution) -> None:
        if execution.invoker is None:
            return
        invoker, key = execution.invoker
        operation = invoker.journal.operations[key]
        if operation.is_over or invoker.outcome is not None:
            return
        match execution.outcome:
            case Completed(value):
                self._outside.answer(invoker, operation, values.read(value))
            case Failed(failure):
                self._outside.refuse(invoker, operation, replace(failure, kind="application"))
            case Cancelled(reason):
                details = json.dumps({"reason": reason})
                failure = Failure("cancelled", "Error", "function cancelled", code="cancelled", details=details)
                self._outside.refuse(invoker, operation, failure)

    def _unended(self) -> list[Execution]:
        return [one for one in self.executions if one.outcome is None]

    def _open(self, kind: str) -> list[tuple[Execution, Operation]]:
        return [
            (one, operation) for one in self._unended() for operation in one.journal.open() if operation.kind == kind
        ]

    def _composite(self, id: str) -> str:
        return f"{self._plugin}-{id}"


def _names(pattern: str, name: str) -> bool:
    """Whether a trigger's name is that of the event; one that ends in `/*` or `.*` is that of any that begins so."""
    return name.startswith(pattern[:-1]) if pattern.endswith(("/*", ".*")) else name == pattern


def _matches(field: str | None, execution: Execution, event: dict[str, Any]) -> bool:
    """Whether the field is equal in the event that started the run and in the one that has come."""
    return field is None or _at(field, values.read(execution.events[0])) == _at(field, event)


def _at(field: str, value: Any) -> Any:
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def sent(event: Any) -> dict[str, Any]:
    """An event as the host takes it in; data as JSON."""
    plain: dict[str, Any] = values.read(values.write(event.options(), "event"))
    return plain
