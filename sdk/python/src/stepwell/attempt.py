"""The attempt at a step that is under way."""

from contextvars import ContextVar
from dataclasses import dataclass

from .errors import NestedStepError
from .failure import Key


@dataclass(frozen=True)
class Attempt:
    """An attempt at a step."""

    step: Key
    number: int
    """0, and one more for each time the step has failed."""
    idempotency_key: str
    """The same at every attempt at this step, and of no other: for services that take one."""


@dataclass
class Open:
    """The step whose closure is under way, and the error of an operation that it has wrongly reached."""

    attempt: Attempt
    nested: NestedStepError | None = None


# A context variable and no attribute: tasks that a closure starts are inside of the step as well.
open_step: ContextVar[Open | None] = ContextVar("the step whose closure is under way", default=None)


def is_inside_step() -> bool:
    """Whether a step's closure is under way, here."""
    return open_step.get() is not None


def attempt() -> Attempt:
    """The attempt at the step that is under way; only inside a step's function.

    >>> await ctx.step.run("charge", lambda: charge(1999, key=attempt().idempotency_key))
    """
    if opened := open_step.get():
        return opened.attempt
    raise RuntimeError("there is no attempt outside of a step's function")
