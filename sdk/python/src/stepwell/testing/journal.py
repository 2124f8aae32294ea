"""A run's journal: the operations that it has reached, what they came to, and the story of it."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from .. import values
from ..failure import Failure, Key
from ..host import Answer, Found, Level, Resolved
from .policy import Policy

_VALUE_MAX = 200
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"))


@dataclass(frozen=True)
class RecordedStep:
    """An operation of a run that is over, a step above all."""

    id: str
    n: int
    """How-manieth use of that id it is (0-based)."""
    kind: str
    """`run` for a step; else `sleep`, `wait-for-event`, `invoke`, `send-events`, `fetch` and so on."""
    attempts: int
    output: Any
    """Its result as JSON."""
    error: Failure | None
    """Its final error."""


@dataclass(frozen=True)
class LogLine:
    """A line of a run's log."""

    level: Level
    message: str
    fields: dict[str, Any]
    step: str | None
    """The step that has written it; `None`: the body."""


@dataclass
class Operation:
    """An operation that the run has reached."""

    found: Found
    options: dict[str, Any]
    policy: Policy
    due: float | None = None
    """When a sleep ends, a wait is given up or an attempt may begin; `None`: it only waits for something else."""
    failures: int = 0
    is_over: bool = False

    @property
    def key(self) -> Key:
        return self.found.key

    @property
    def kind(self) -> str:
        return self.found.kind

    @property
    def is_attempted(self) -> bool:
        """Whether its time is that of an attempt."""
        return self.kind in ("run", "fetch")

    @property
    def waits_outside(self) -> bool:
        """Whether it waits for what somebody has to bring about; its time is then when that is given up."""
        return self.kind in ("wait-for-event", "wait-for-signal", "invoke")


@dataclass
class Journal:
    """The durable record of a run. Times are milliseconds since 1970."""

    begun: float
    operations: dict[Key, Operation] = field(default_factory=dict)
    results: list[Resolved] = field(default_factory=list)
    steps: list[RecordedStep] = field(default_factory=list)
    body_due: float | None = None
    """When the body may be entered; `None`: not before there is a new result."""
    body_failures: int = 0
    """Since the last result."""
    body_retries: int = 0
    losses: int = 0
    """Of instances, since the last result."""
    _story: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.body_due = self.begun

    def open(self) -> list[Operation]:
        """The operations that are not over, in the order in which they were reached."""
        return [operation for operation in self.operations.values() if not operation.is_over]

    def attempts_due(self, kind: str, now: float) -> list[Operation]:
        """The operations of that kind of which an attempt is to begin."""
        return [one for one in self.open() if one.kind == kind and one.due is not None and one.due <= now]

    def resolve(self, operation: Operation, value: Answer, now: float, what: str) -> None:
        """Records what the operation came to."""
        attempts = operation.failures + 1
        failure = None
        if isinstance(value, Failure):
            value = failure = replace(value, step=operation.key, attempt=operation.failures)
        output = None if isinstance(value, Failure) else values.read(value)
        key = operation.key
        operation.is_over, operation.due = True, None
        self.results.append(Resolved(key, value))
        self.steps.append(RecordedStep(key.id, key.n, operation.kind, attempts, output, failure))
        self.body_due, self.body_failures, self.losses = now, 0, 0
        self.note(now, what)

    def retry(self, operation: Operation, failure: Failure, delay: float, now: float) -> None:
        """Records that an attempt of the operation has failed and that it is tried again."""
        operation.failures += 1
        operation.due = now + delay
        what = f"step {name(operation.key)} failed at attempt {operation.failures}"
        self.note(now, f"{what}: {failure}; again in {span(delay)}")

    def retry_body(self, failure: Failure, delay: float, now: float) -> None:
        """Records that the body has failed and that it is tried again."""
        self.body_failures += 1
        self.body_retries += 1
        self.body_due = now + delay
        self.note(now, f"the body failed at attempt {self.body_failures}: {failure}; again in {span(delay)}")

    def note(self, now: float, what: str) -> None:
        """Adds a line to the story."""
        self._story.append((now, what))

    def story(self) -> list[str]:
        """The events of the run, a line each, with the time since the beginning."""
        return [f"+{span(at - self.begun)} {what}" for at, what in self._story]


def failed_for_good(operation: Operation, failure: Failure) -> str:
    """As the story tells it."""
    attempt = operation.failures + 1
    at = f" at attempt {attempt}" if attempt > 1 else ""
    what = "step " if operation.is_attempted else ""
    return f"{what}{name(operation.key)} failed for good{at}: {failure}"


def completed(operation: Operation, value: str) -> str:
    """The same for a step that has succeeded."""
    at = f" at attempt {operation.failures + 1}" if operation.failures else ""
    return f"step {name(operation.key)} completed{at} {cut(value)}"


def name(key: Key) -> str:
    """The id, with `:n` behind it from its second use on."""
    return f"{key.id}:{key.n}" if key.n else key.id


def cut(text: str) -> str:
    """A value, no longer than a reader wants it."""
    return text if len(text) <= _VALUE_MAX else f"{text[:_VALUE_MAX]}…"


def span(ms: float) -> str:
    """A duration as a text, such as "1h30m"."""
    rest, parts = ms, Counter[str]()
    for size, unit in _UNITS:
        parts[unit], rest = int(rest // size), rest % size
    if rest:
        seconds = parts.pop("s") + rest / 1_000
        return "".join(f"{n}{unit}" for unit, n in parts.items() if n) + f"{seconds:g}s"
    return "".join(f"{n}{unit}" for unit, n in parts.items() if n) or "0s"
