"""The contexts that handlers are called with."""

from dataclasses import dataclass
from typing import Any, Generic

from . import models, values
from .errors import StepError
from .event import Event, FunctionFailed, T
from .failure import Failure, Key
from .host import Host, RunContext
from .log import Log
from .operations import Operations
from .step import Step


@dataclass(frozen=True)
class Context(Generic[T]):
    """The context of a function's handler. `T` is the type of its event's data."""

    event: Event[T]
    """The event that started the run; the first, if it was a batch."""
    events: list[Event[T]]
    """All events that started the run."""
    run_id: str
    attempt: int
    """The attempt, from 0. While a step is retried, in its function and on the way to it, it is the step's own.
    Else it is the body's, which counts its failures since the last new result."""
    max_attempts: int
    """How many attempts the body and each step have: retries + 1."""
    step: Step
    """The durable operations."""
    log: Log
    """The run's log."""


class FailedRun:
    """A failed run, as its failure handler sees it."""

    def __init__(self, run_id: str, host: Host) -> None:
        self.run_id = run_id
        self._host = host

    def step(self, id: str, n: int = 0, *, result: Any = Any) -> Any:
        """The recorded result of a step, by its id and which use of that id it was, from 0; `None` if it had none.

        Raises the step's own `StepError`, if it is its failure that is recorded. `result` is the type to read it as.

        >>> reservation = ctx.failed.step("reserve")
        """
        key = Key(id, n)
        recorded = self._host.failed_step(key)
        if isinstance(recorded, Failure):
            raise StepError(key, recorded)
        return None if recorded is None else models.read(result, values.read(recorded), f'the result of step "{id}"')


@dataclass(frozen=True)
class FailureContext(Generic[T]):
    """The context of a failure handler, called once a run of its function has failed for good.

    `T` is the type of the data of the event that had started the failed run. If the run failed because its event's data
    did not fit, neither will it here: a handler that must always work names none.
    """

    error: Failure
    """The error that the run failed with."""
    event: Event[FunctionFailed[T]]
    """The event `inngest/function.failed`; its `data.event` is the event that had started the failed run."""
    failed: FailedRun
    """The failed run, and what it had done."""
    run_id: str
    """The id of the handler's own run."""
    attempt: int
    """The handler's attempt (0-based)."""
    max_attempts: int
    """How many attempts the handler and each of its steps have."""
    step: Step
    """The durable operations, remembered under the handler's own run."""
    log: Log
    """The log of the handler's own run."""


def of_run(entered: RunContext, operations: Operations, data: Any) -> Context[Any]:
    """The context of a handler whose event's data is of that type."""
    events = [_event(text, data) for text in entered.events]
    step, log = Step(operations), Log(operations.host)
    return Context(events[0], events, entered.run_id, entered.attempt, entered.max_attempts, step, log)


def of_failure(entered: RunContext, error: Failure, operations: Operations, data: Any) -> FailureContext[Any]:
    """The context of a failure handler of a function whose event's data is of that type."""
    event: Event[Any] = _event(entered.events[0], FunctionFailed[data])
    host = operations.host
    failed, step, log = FailedRun(event.data.run_id, host), Step(operations), Log(host)
    return FailureContext(error, event, failed, entered.run_id, entered.attempt, entered.max_attempts, step, log)


def _event(text: str, data: Any) -> Event[Any]:
    event: Event[Any] = models.read(Event[data], values.read(text), "the event")
    return event
