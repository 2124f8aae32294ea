"""A pass through a run's code: the host's side of plan, finish and next."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import values
from ..failure import NEVER, Failure, Key
from ..host import Answer, Found, Level, Resolved
from ..values import depth
from .chance import Chance
from .doubles import Doubles
from .journal import LogLine, Operation, completed

if TYPE_CHECKING:
    from .execution import Execution

STEPS_MAX = 1_000
# Levels of arrays and objects that the host takes.
DEPTH_MAX = 1_000

Outside = Callable[["Execution", Operation], None]
"""Begins an operation that is no step."""


class Lost(BaseException):
    """The instance is lost, as if its host had crashed."""


class Broken(BaseException):
    """The run fails for what its code has asked for."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Pass:
    """The host of one pass: through the body, or up to one step that is to run in it."""

    def __init__(
        self, execution: "Execution", target: Key | None, now: float, doubles: Doubles, outside: Outside
    ) -> None:
        self._execution, self._journal = execution, execution.journal
        self._target = target
        self._now = now
        self._doubles, self._outside = doubles, outside
        # A pass for one step is shown no more than there was when it began.
        self._horizon = len(self._journal.results) if target else None
        self._candidates: list[Operation] = []
        self._open: Operation | None = None
        self._instead: Failure | None = None
        self._lines = 0
        self.delivered = 0
        """How many results the code has been given."""
        self.has_run = False
        """Whether a step has run in it."""
        self.chance = Chance(execution.id)

    def plan(self, found: list[Found]) -> list[int | None]:
        for one in found:
            self._note(one)
        self._open = self._choose()
        if self._open is None:
            return [None] * len(found)
        self._candidates.remove(self._open)
        self.chance.is_real = self.has_run = True
        return [self._open.failures if one.key == self._open.key else None for one in found]

    def _note(self, found: Found) -> None:
        known = self._journal.operations.get(found.key)
        if known is None and self._target is None:
            self._begin(found)
        elif known is not None and known.kind != found.kind:
            raise Broken(_diverged(found, known.kind))
        elif known is not None and known.kind == "run" and known.due is not None and known.due <= self._now:
            self._candidates.append(known)

    def _begin(self, found: Found) -> None:
        if len(self._journal.operations) >= STEPS_MAX:
            message = f"InngestErrFunctionOverflowed: the run exceeded the limit of {STEPS_MAX} steps"
            raise Broken(Failure("limit", "InngestErrFunctionOverflowed", message, code="too_many_steps"))
        options = values.read(found.options)
        operation = Operation(found, options, self._execution.policy.overridden(options))
        self._journal.operations[found.key] = operation
        if found.kind == "run":
            operation.due = self._now
            self._candidates.append(operation)
        else:
            self._outside(self._execution, operation)

    def _choose(self) -> Operation | None:
        """The step that is to run here: the target, or else the only one, when nothing else is unresolved."""
        if self._target is not None:
            own = [one for one in self._candidates if one.key == self._target]
            return own[0] if own and not self.has_run else None
        is_up_to_date = self.delivered == len(self._journal.results)
        is_alone = len(self._candidates) == 1 and len(self._journal.open()) == 1
        return self._candidates[0] if is_alone and is_up_to_date else None

    def call(self, function: Callable[..., Any], input: Sequence[Any], named: Mapping[str, Any]) -> Any:
        assert self._open is not None, "only the open step's function is called"
        id = self._open.key.id
        fault = self._doubles.take_fault(id)
        if isinstance(fault, Failure):
            self._instead = fault
            return None
        if isinstance(fault, BaseException):
            raise fault.with_traceback(None)
        if fault is not None:
            raise fault
        return self._doubles.come_to(id, *input, **named) if id in self._doubles.mocks else function(*input, **named)

    def finish(self, key: Key, value: Answer) -> bool:
        operation = self._open
        assert operation is not None and operation.key == key, "what is finished is the open step"
        self._open, self.chance.is_real = None, False
        if self._doubles.take_crash(key.id):
            raise Lost
        value, self._instead = self._instead or value, None
        if isinstance(value, str):
            value = too_deep(value, f"the result of step {key.id}") or value
        if isinstance(value, Failure):
            self._execution.attempt_failed(operation, value, self._now)
        else:
            self._journal.resolve(operation, value, self._now, completed(operation, value))
        return operation.is_over and self._target is None

    def next(self) -> Resolved | None:
        results = self._journal.results
        if self.delivered >= (len(results) if self._horizon is None else self._horizon):
            return None
        resolved = results[self.delivered]
        self.delivered += 1
        self._lines = 0
        self.chance.restart(self.delivered)
        return resolved

    def failed_step(self, key: Key) -> Answer | None:
        failed = self._execution.failed
        results = failed.journal.results if failed else []
        return next((one.value for one in results if one.key == key), None)

    def step_input(self, key: Key) -> str | None:
        return None

    def log(self, level: Level, message: str, fields: str) -> None:
        """A line that a replay repeats is known by its attempt, the last result before it and its number since."""
        attempt = self._open.failures if self._open else self._journal.body_failures
        step = self._open.key.id if self._open else None
        line = LogLine(level, message, values.read(fields), step)
        key = self._open.key if self._open else None
        self._execution.log.setdefault((attempt, self.delivered, self._lines, key), line)
        self._lines += 1


def too_deep(value: str, whose: str) -> Failure | None:
    """Returns why the host does not take a result, if it does not."""
    if depth(value) <= DEPTH_MAX:
        return None
    return Failure("application", "InvalidJson", f"{whose} is nested deeper than {DEPTH_MAX} levels")


def _diverged(found: Found, known: str) -> Failure:
    message = (
        f'the code has diverged from this run\'s journal: operation "{found.key.id}" was recorded as {known}, and the '
        f"code now asks for it as {found.kind}; give the new operation an id of its own"
    )
    return Failure("divergence", "Diverged", message, advice=NEVER)
