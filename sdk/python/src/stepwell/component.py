"""The component's two exports, and the host behind its imports."""

import io
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.exports import functions as exported
from wit_world.imports import log, steps
from wit_world.imports import stepwell_plugin_types as types

from . import registry, values
from .failure import Advice, Cause, Failure, Key
from .host import Answer, Completed, Failed, Found, Level, Outcome, Resolved, RunContext

# What was printed is to be in the log whatever ends the instance, a deadline for one.
for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(line_buffering=True, errors=values.MENDING)


class Functions(exports.Functions):  # type: ignore[misc]
    """The export `functions`."""

    def describe(self) -> list[exported.Definition]:
        return [
            exported.Definition(f.id, f.name, f.has_failure_handler, values.write(f.options, "options"))
            for f in registry.functions.values()
        ]

    def run(self, context: types.RunContext) -> types.Outcome:
        return _left(registry.run(_entered(context), Imports()))


class FailureHandler(exports.FailureHandler):  # type: ignore[misc]
    """The export `failure-handler`."""

    def on_failure(self, context: types.RunContext, error: types.Failure) -> types.Outcome:
        return _left(registry.handle_failure(_entered(context), _read(error), Imports()))


class Imports:
    """The host that runs this component."""

    def plan(self, found: list[Found]) -> list[int | None]:
        written = [steps.Found(_key(one.key), one.kind, one.options) for one in found]
        decisions = steps.plan(written)
        return [decision.value if isinstance(decision, steps.Decision_Run) else None for decision in decisions]

    def finish(self, key: Key, value: Answer) -> bool:
        _flush()
        written = Err(_write(value)) if isinstance(value, Failure) else Ok(value)
        return bool(steps.finish(_key(key), written) == steps.Control.PROCEED)

    def next(self) -> Resolved | None:
        _flush()
        resolved = steps.next()
        return resolved and Resolved(Key(resolved.key.id, resolved.key.n), _answer(resolved.value))

    def failed_step(self, key: Key) -> Answer | None:
        recorded = steps.failed_step(_key(key))
        return recorded and _answer(recorded)

    def step_input(self, key: Key) -> str | None:
        given: str | None = steps.step_input(_key(key))
        return given

    def log(self, level: Level, message: str, fields: str) -> None:
        log.write(log.Level[level.upper()], values.text(message), fields)

    def call(self, function: Callable[..., Any], input: Sequence[Any], named: Mapping[str, Any]) -> Any:
        return function(*input, **named)


def _flush() -> None:
    """What was printed belongs to what was going on when it was."""
    sys.stdout.flush()
    sys.stderr.flush()


def _entered(context: types.RunContext) -> RunContext:
    return RunContext(context.run_id, context.function_id, context.attempt, context.max_attempts, list(context.events))


def _left(outcome: Outcome) -> types.Outcome:
    _flush()
    match outcome:
        case Completed(value):
            return types.Outcome_Completed(value)
        case Failed(failure):
            return types.Outcome_Failed(_write(failure))
        case _:
            return types.Outcome_Suspended()


def _key(key: Key) -> types.OperationKey:
    return types.OperationKey(key.id, key.n)


def _answer(value: Any) -> Answer:
    return value.value if isinstance(value, Ok) else _read(value.value)


def _write(failure: Failure) -> types.Failure:
    return types.Failure(
        types.FailureKind[failure.kind.upper()],
        failure.name,
        failure.message,
        failure.stack,
        failure.code,
        _json(failure.details),
        [types.Cause(c.name, c.message, c.stack, c.code, _json(c.details)) for c in failure.causes],
        failure.step and _key(failure.step),
        failure.attempt,
        _advice(failure.advice),
    )


def _advice(advice: Advice) -> types.RetryAdvice:
    if advice.after_ms is not None:
        return types.RetryAdvice_After(advice.after_ms)
    return types.RetryAdvice_Never() if advice.never else types.RetryAdvice_ByPolicy()


def _read(failure: types.Failure) -> Failure:
    causes = tuple(Cause(c.name, c.message, c.stack, c.code, _parsed(c.details)) for c in failure.causes)
    return Failure(
        failure.kind.name.lower(),
        failure.name,
        failure.message,
        failure.stack,
        failure.code,
        _parsed(failure.details),
        causes,
        failure.step and Key(failure.step.id, failure.step.n),
        failure.attempt,
    )


def _json(details: Any) -> str | None:
    return None if details is None else values.write(details, "details")


def _parsed(details: str | None) -> Any:
    """Details are JSON by contract; should they not be, their text is still worth keeping."""
    try:
        return None if details is None else values.read(details)
    except ValueError:
        return details
