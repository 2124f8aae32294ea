"""The door to the host: the contract's functions, so that the SDK's logic is tested without a component."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from .failure import Failure, Key

Level = Literal["debug", "info", "warn", "error"]

Answer = str | Failure
"""A result: its JSON, or the error."""


@dataclass(frozen=True)
class Found:
    """An operation that the code has reached."""

    key: Key
    kind: str
    options: str


@dataclass(frozen=True)
class Resolved:
    """A recorded result."""

    key: Key
    value: Answer


@dataclass(frozen=True)
class RunContext:
    """The arguments of an entry into a function."""

    run_id: str
    function_id: str
    attempt: int
    max_attempts: int
    events: list[str]


@dataclass(frozen=True)
class Completed:
    """The function has returned this value, as JSON."""

    value: str


@dataclass(frozen=True)
class Suspended:
    """The function waits for operations that the host has noted."""


@dataclass(frozen=True)
class Failed:
    """The function's body has failed."""

    failure: Failure


Outcome = Completed | Suspended | Failed


class Host(Protocol):
    """The host as the SDK sees it; each method but `call` is the function of the same name in the contract."""

    def plan(self, found: list[Found]) -> list[int | None]:
        """For each: the attempt of a step that is to run here and now; `None` if the host handles it."""

    def finish(self, key: Key, value: Answer) -> bool:
        """Whether this instance is to go on."""

    def next(self) -> Resolved | None: ...

    def failed_step(self, key: Key) -> Answer | None: ...

    def step_input(self, key: Key) -> str | None: ...

    def log(self, level: Level, message: str, fields: str) -> None: ...

    def call(self, function: Callable[..., Any], input: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """Calls the function of the step that is to run; a test's host may have another result for it."""
