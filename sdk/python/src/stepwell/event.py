"""Events: what starts a run, what it waits for, what it sends."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic

from .failure import Cause, rebuilt

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    # Python 3.11 knows no defaults; to type checkers a bare `Context` is a `Context[Any]` all the same.
    T = TypeVar("T")


@dataclass(frozen=True)
class Event(Generic[T]):
    """An event, its data typed."""

    name: str
    """Such as `shop/product.imported`."""
    data: T
    id: str = ""
    ts: float = 0
    """When it happened, in milliseconds since 1970."""

    @property
    def time(self) -> datetime:
        """When it happened."""
        return datetime.fromtimestamp(self.ts / 1000, UTC)


@dataclass(frozen=True)
class NewEvent:
    """An event to send."""

    name: str
    data: object = field(default_factory=dict)
    """Anything that is a JSON object: a dictionary, a dataclass, a model of pydantic."""
    id: str | None = None
    """A second event of that id starts no function again within 24 hours."""
    at: datetime | None = None
    """When it happened; in the future: when it is to start functions."""

    def options(self) -> dict[str, Any]:
        """As `POST /e/{key}` takes it."""
        options: dict[str, Any] = {"name": self.name, "data": self.data}
        if self.id is not None:
            options["id"] = self.id
        if self.at is not None:
            options["ts"] = round(self.at.timestamp() * 1000)
        return options


@dataclass(frozen=True)
class FunctionError:
    """The error in the data of `inngest/function.failed`, with Inngest's keys and those that Stepwell adds.

    It is read leniently, whatever it has or lacks: a failure is told even if its error looks like no error.
    """

    name: str = ""
    message: str = ""
    stack: str | None = None
    cause: "FunctionError | None" = None
    code: str | None = None
    details: Any = None
    kind: str | None = None
    """The kind of failure: `application`, `trap`, `timeout`, `limit` …"""
    step_id: str | None = None
    attempts: int | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" if self.name else self.message

    def exception(self) -> Exception:
        """The error as an exception again, with its causes: what a reporter such as Sentry's client takes."""
        causes, behind = [], self.cause
        while behind:
            causes.append(Cause(behind.name, behind.message, behind.stack, behind.code, behind.details))
            behind = behind.cause
        return rebuilt(self.name, self.message, self.stack, self.code, self.details, causes)

    @classmethod
    def __stepwell_read__(cls, error: Any) -> "FunctionError":
        if not isinstance(error, Mapping) or "message" not in error:
            return cls(message=error if isinstance(error, str) else json.dumps(error, ensure_ascii=False))
        texts = {
            name: value
            for name in ("name", "message", "stack", "code", "kind", "step_id")
            if isinstance(value := error.get(name), str)
        }
        cause, attempts = error.get("cause"), error.get("attempts")
        return cls(
            **texts,
            cause=None if cause is None else cls.__stepwell_read__(cause),
            details=error.get("details"),
            attempts=attempts if isinstance(attempts, int) else None,
        )


@dataclass(frozen=True)
class FunctionFailed(Generic[T]):
    """The data of `inngest/function.failed`: what a function that listens to failures gets."""

    function_id: str
    """The failed function's composite id, `<plugin>-<function>`."""
    run_id: str
    """The failed run."""
    event: Event[T]
    """The event that had started it."""
    error: FunctionError = field(default_factory=FunctionError)
    """The error it failed with."""
    events: list[Event[T]] = field(default_factory=list)
    """All events that had started it, the first included."""
