"""A run under way, and its passes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..failure import Failure, Key
from ..function import Function
from ..host import Completed, Failed, Outcome, RunContext
from .doubles import Doubles
from .journal import Journal, LogLine, Operation, cut, failed_for_good
from .passes import Broken, Lost, Outside, Pass, too_deep
from .policy import Policy

# As many as the host bears, before it takes it that the run is what kills it.
LOSSES_MAX = 10


@dataclass(frozen=True)
class Cancelled:
    """How a run ended that was cancelled."""

    reason: str


@dataclass(eq=False)
class Execution:
    """A run, as the host knows it."""

    id: str
    function: Function[Any, Any]
    events: list[str]
    """Each as JSON."""
    journal: Journal
    policy: Policy
    failed: "Execution | None" = None
    """The run whose failure it handles."""
    handler: "Execution | None" = None
    invoker: "tuple[Execution, Key] | None" = None
    outcome: Completed | Failed | Cancelled | None = None
    is_told: bool = False
    """Whether others have been told of its end."""
    log: dict[tuple[int, int, int, Key | None], LogLine] = field(default_factory=dict)

    @property
    def function_id(self) -> str:
        return f"{self.function.id}-failure" if self.failed else self.function.id

    def is_ready(self, now: float) -> bool:
        """Whether it can go on without time passing."""
        return self.outcome is None and (self._target(now) is not None or self._is_body_due(now))

    def _is_body_due(self, now: float) -> bool:
        return self.journal.body_due is not None and self.journal.body_due <= now

    def _target(self, now: float) -> Operation | None:
        """The step that is to run in a pass of its own."""
        return next(iter(self.journal.attempts_due("run", now)), None)

    def go_on(self, now: float, doubles: Doubles, outside: Outside) -> None:
        """Enters the function once: for a step that is due, or else for the body."""
        target = self._target(now)
        entered = Pass(self, target.key if target else None, now, doubles, outside)
        try:
            with entered.chance.reigning():
                outcome = self._enter(entered, target)
        except Lost:
            self._lose(now)
        except Broken as broken:
            self.fail(broken.failure, now)
        else:
            self._judge(entered, target, outcome, now)

    def _enter(self, entered: Pass, target: Operation | None) -> Outcome:
        """Enters the body, or a step, whose own attempt the code then sees."""
        attempts = target.failures if target else self.journal.body_failures, self.policy.max_attempts
        context = RunContext(self.id, self.function.id, *attempts, list(self.events))
        if self.failed is None:
            return self.function.run(context, entered)
        assert isinstance(self.failed.outcome, Failed), "what is handled has failed"
        return self.function.handle_failure(context, self.failed.outcome.failure, entered)

    def _judge(self, entered: Pass, target: Operation | None, outcome: Outcome, now: float) -> None:
        if self.outcome is not None:
            return  # it was ended meanwhile
        if target is not None:
            if not entered.has_run:
                self.attempt_failed(target, _not_reached(target), now)
        elif isinstance(outcome, Completed) and (failure := too_deep(outcome.value, "the function's result")):
            self._body_failed(failure, now)
        elif isinstance(outcome, Completed):
            self.end(outcome, f"completed {cut(outcome.value)}", now)
        elif isinstance(outcome, Failed):
            self._body_failed(outcome.failure, now)
        elif entered.delivered == len(self.journal.results):
            self.journal.body_due = None

    def _body_failed(self, failure: Failure, now: float) -> None:
        recorded = next((one.value for one in self.journal.results if one.key == failure.step), None)
        attempt = recorded.attempt if isinstance(recorded, Failure) else self.journal.body_failures
        failure = replace(failure, attempt=attempt)
        delay = self.policy.delay_after(self.journal.body_failures, failure.advice)
        if delay is None:
            self.fail(failure, now)
        else:
            self.journal.retry_body(failure, delay, now)

    def attempt_failed(self, operation: Operation, failure: Failure, now: float) -> None:
        """Records that an attempt has failed: of a step, or of a request."""
        delay = operation.policy.delay_after(operation.failures, failure.advice)
        if delay is None:
            self.journal.resolve(operation, failure, now, failed_for_good(operation, failure))
        else:
            self.journal.retry(operation, failure, delay, now)

    def _lose(self, now: float) -> None:
        self.journal.losses += 1
        self.journal.note(now, "its host was lost; it goes on")
        if self.journal.losses >= LOSSES_MAX:
            message = f"its host was lost {LOSSES_MAX} times while it ran"
            self.fail(Failure("host", "Interrupted", message), now)

    def fail(self, failure: Failure, now: float) -> None:
        """Ends it with that error."""
        step = f" (step {failure.step.id})" if failure.step else ""
        self.end(Failed(failure), f"failed: {failure}{step}", now)

    def end(self, outcome: Completed | Failed | Cancelled, what: str, now: float) -> None:
        """Ends it."""
        self.outcome = outcome
        self.journal.note(now, what)

    def next_due(self, wanted: Callable[[Operation], bool]) -> float | None:
        """When the first of these operations is due, or the body."""
        if self.outcome is not None:
            return None
        times = [one.due for one in self.journal.open() if one.due is not None and wanted(one)]
        times += [] if self.journal.body_due is None else [self.journal.body_due]
        return min(times, default=None)

    @property
    def status(self) -> Literal["waiting", "completed", "failed", "cancelled"]:
        match self.outcome:
            case None:
                return "waiting"
            case Completed():
                return "completed"
            case Failed():
                return "failed"
            case Cancelled():
                return "cancelled"


def _not_reached(operation: Operation) -> Failure:
    message = (
        f'step "{operation.key.id}" was reached before, but the code did not reach it again: code outside of steps has '
        "to do the same on every pass"
    )
    return Failure("divergence", "StepNotReached", message, code="not_reached")
