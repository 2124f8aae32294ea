"""Failures: errors as data, the same whatever language raised them."""

import builtins
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["application", "trap", "timeout", "limit", "divergence", "cancelled", "host"]


@dataclass(frozen=True)
class Key:
    """An operation's identity within its run: its id, and which use of that id this is, from 0."""

    id: str
    n: int = 0


@dataclass(frozen=True)
class Advice:
    """The wish of the code that failed: a retry by policy, never, or after a time."""

    never: bool = False
    after_ms: float | None = None


BY_POLICY = Advice()
NEVER = Advice(never=True)


@dataclass(frozen=True)
class Cause:
    """A link of a failure's chain of causes."""

    name: str
    """The error's type name; empty where the cause was plain data, which `details` then holds."""
    message: str
    stack: str | None = None
    code: str | None = None
    details: Any = None
    """Custom fields of the error."""

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" if self.name else self.message


@dataclass(frozen=True)
class Failure:
    """The error that a run or a step has failed with."""

    kind: Kind
    """The kind of failure; `application` is the function's own doing."""
    name: str
    """The error's type name; "Error" if it has no name."""
    message: str
    stack: str | None = None
    """Where it happened: a traceback, or the like in other languages."""
    code: str | None = None
    """The code its author gave it."""
    details: Any = None
    """Its custom fields."""
    causes: tuple[Cause, ...] = ()
    """The errors behind it, outermost first."""
    step: Key | None = None
    """The step it came from, if it came from one."""
    attempt: int = 0
    """The attempt it happened in (0-based)."""
    advice: Advice = field(default=BY_POLICY, repr=False)

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"

    def exception(self) -> Exception:
        """The error as an exception again, with its causes: what a reporter such as Sentry's client takes.

        It is of its own class if that is one of Python's, as `ValueError`, and else a `RecordedError` of that name.
        """
        return rebuilt(self.name, self.message, self.stack, self.code, self.details, self.causes)


class RecordedError(Exception):
    """An error that another run, another attempt or another language has raised."""

    code: str | None = None
    details: Any = None


def rebuilt(
    name: str, message: str, stack: str | None, code: str | None, details: Any, causes: Sequence[Cause]
) -> Exception:
    """An exception of that name, with that message and those causes."""
    error = _instance(name or "Error", message)
    if isinstance(error, RecordedError):
        error.code, error.details = code, details
    if stack:
        error.add_note(f"It was raised at:\n{stack.rstrip()}")
    if causes:
        outer, *further = causes
        error.__cause__ = rebuilt(outer.name, outer.message, outer.stack, outer.code, outer.details, further)
    return error


def _instance(name: str, message: str) -> Exception:
    known = getattr(builtins, name, None)
    if isinstance(known, type) and issubclass(known, Exception):
        try:
            return known(message)
        except TypeError:
            pass  # such as UnicodeDecodeError, which takes more than a message
    named: type[RecordedError] = type(name, (RecordedError,), {})
    return named(message)
