"""Exceptions as failures."""

import os
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from .errors import NonRetriableError, RetryAfterError, StepError
from .failure import BY_POLICY, NEVER, Advice, Cause, Failure
from .values import plain, text

# A chain of causes is followed this far; the host keeps fewer, and says how many it has left out.
CAUSES_MAX = 1_000
_SDK = str(Path(__file__).parent)
_ROOT = f"{Path(__file__).parent.parent}{os.sep}"


def of_body(error: BaseException) -> Failure:
    """The failure that ends a body: a step's error that comes through as it is ends the run."""
    error = _unwrapped(error)
    if isinstance(error, StepError):
        return replace(error.failure, step=error.step, advice=NEVER)
    outer = _cause(error)
    return Failure(
        "application",
        outer.name,
        outer.message,
        outer.stack,
        outer.code,
        outer.details,
        tuple(_causes(error)),
        advice=_advice(error),
    )


def of_step(error: BaseException) -> Failure:
    """The failure that ends a step's attempt. The error of *another* step is this step's own then, and as final."""
    failure = of_body(error)
    return failure if failure.step is None else replace(failure, kind="application", step=None)


def _unwrapped(error: BaseException) -> BaseException:
    """A `TaskGroup` wraps even a single error in a group, which would hide what it is."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _advice(error: BaseException) -> Advice:
    if isinstance(error, RetryAfterError):
        return error.advice
    if isinstance(error, BaseExceptionGroup):
        return NEVER if all(_is_final(member) for member in _members(error)) else BY_POLICY
    return NEVER if isinstance(error, NonRetriableError) else BY_POLICY


def _is_final(error: BaseException) -> bool:
    return isinstance(error, NonRetriableError | StepError)


def _members(group: BaseExceptionGroup[Any]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _members(error)
        else:
            yield error


def _causes(error: BaseException) -> Iterator[Cause]:
    seen = {id(error)}
    while (next_error := _behind(error)) is not None and len(seen) <= CAUSES_MAX:
        error = _unwrapped(next_error)
        if id(error) in seen:
            yield Cause("Error", "[circular cause left out]")
            return
        seen.add(id(error))
        yield _cause(error)
        if isinstance(error, StepError):
            yield from error.failure.causes
            return


def _behind(error: BaseException) -> BaseException | None:
    """The exception that Python's own traceback would tell as well: the cause, or the one being handled."""
    if error.__cause__ is not None or error.__suppress_context__:
        return error.__cause__
    if error.__context__ is None and isinstance(error, BaseExceptionGroup):
        return error.exceptions[0]
    return error.__context__


def _cause(error: BaseException) -> Cause:
    if isinstance(error, StepError):
        failure = error.failure
        return Cause(failure.name, failure.message, failure.stack, failure.code, failure.details)
    name = text(type(error).__name__)
    return Cause(name, text(_message(error)), text(_stack(error)), _code(error), _details(error))


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "[its __str__ raises an error]"


def _stack(error: BaseException) -> str:
    """Its traceback, without the SDK's own frames; in a component, where all is in one folder, without that's name."""
    told = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
    told.stack[:] = [frame for frame in told.stack if not frame.filename.startswith(_SDK)]
    for frame in told.stack:
        frame.filename = frame.filename.removeprefix(_ROOT)
    return "".join(told.format(chain=False))


def _code(error: BaseException) -> str | None:
    try:
        code = getattr(error, "code", None)
    except Exception:
        return None
    return text(str(code)) if isinstance(code, str | int) and not isinstance(code, bool) else None


def _details(error: BaseException) -> dict[str, Any] | None:
    """Its public attributes, those that are no JSON as their `repr`."""
    fields = {name: value for name, value in vars(error).items() if not name.startswith("_") and name != "code"}
    if isinstance(error, BaseExceptionGroup):
        fields["errors"] = [
            {"name": cause.name, "message": cause.message, "code": cause.code} for cause in map(_cause, _members(error))
        ]
    return {name: plain(value) for name, value in fields.items()} or None
