"""Errors as the contract's data, and back."""

import json
import traceback
from dataclasses import replace

from wit_world.imports import types

CAUSES_MAX = 64


class StepError(Exception):
    """What awaiting a step yields that has failed for good."""

    def __init__(self, step, failure):
        super().__init__(failure.message)
        self.step = step
        self.failure = failure


def failure_of(error, in_step):
    """Whatever was raised. A step's error that ends the body ends the run; inside another step it is but an error."""
    if isinstance(error, StepError):
        if in_step:
            kind, step, advice = types.FailureKind.APPLICATION, None, types.RetryAdvice_ByPolicy()
        else:
            kind, step, advice = error.failure.kind, error.step, types.RetryAdvice_Never()
        return replace(error.failure, kind=kind, step=step, advice=advice)
    outer = cause_of(error)
    return types.Failure(
        types.FailureKind.APPLICATION,
        outer.name,
        outer.message,
        outer.stack,
        outer.code,
        outer.details,
        causes_of(error),
        None,
        0,
        types.RetryAdvice_ByPolicy(),
    )


def causes_of(error):
    causes, seen = [], {id(error)}
    while (error := error.__cause__) and id(error) not in seen and len(causes) < CAUSES_MAX:
        seen.add(id(error))
        causes.append(cause_of(error))
        if isinstance(error, StepError):
            return causes + error.failure.causes
    return causes


def cause_of(error):
    if isinstance(error, StepError):
        f = error.failure
        return types.Cause(f.name, f.message, f.stack, f.code, f.details)
    code = getattr(error, "code", None)
    stack = "".join(traceback.format_exception(error, chain=False))
    return types.Cause(
        type(error).__name__,
        text(str(error)),
        text(stack),
        text(str(code)) if isinstance(code, (str, int)) else None,
        details_of(error),
    )


def details_of(error):
    fields = {name: value for name, value in vars(error).items() if name not in ("code", "__notes__")}
    try:
        return json.dumps(fields, allow_nan=False) if fields else None
    except (TypeError, ValueError, RecursionError):
        return None


def text(string):
    """A lone surrogate, which a `str` may hold and a WIT string may not, would trap."""
    return string.encode("utf-8", "replace").decode()
