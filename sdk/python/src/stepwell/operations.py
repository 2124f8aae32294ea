"""The operations of one pass: which were reached, what the host decided, what has been resolved."""

import asyncio
import inspect
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import raised, values
from .attempt import Attempt, Open, open_step
from .errors import NestedStepError, StalledError, StepError, StepIdError
from .failure import Failure, Key
from .host import Answer, Found, Host, Resolved
from .loop import Loop

Closure = Callable[[], Any]


@dataclass
class Operation:
    """An operation that the code has reached."""

    found: Found
    closure: Closure | None
    future: asyncio.Future[Any]


class Operations:
    """The operations of one pass through a function."""

    def __init__(self, host: Host, loop: Loop, run_id: str) -> None:
        self.host = host
        self._loop = loop
        self._run_id = run_id
        self._uses: Counter[str] = Counter()
        self._reached: list[Operation] = []
        self._planned: dict[Key, Operation] = {}
        # Results for what the code has not asked for yet, or never will: a step that was removed.
        self._early: list[Resolved] = []
        reseed()

    @property
    def waits(self) -> bool:
        """Whether the host still owes a result."""
        return bool(self._planned)

    def reach(self, id: str, kind: str, options: object, closure: Closure | None = None) -> asyncio.Future[Any]:
        """Notes that the code has reached an operation; what it resolves to is plain JSON, or a `StepError`."""
        if not isinstance(id, str) or not id:
            raise StepIdError(f"failed to plan an operation: its id must be a text that is not empty, not {id!r}")
        id = values.text(id)  # as it will come back
        if opened := open_step.get():
            opened.nested = opened.nested or NestedStepError(opened.attempt.step.id, id)
            raise opened.nested
        found = Found(Key(id, self._uses[id]), kind, values.write(options, f'options of "{id}"'))
        self._uses[id] += 1
        operation = Operation(found, closure, self._loop.create_future())
        self._reached.append(operation)
        return operation.future

    def plan(self) -> bool:
        """Plans what was newly reached, and runs the step that the host lets run here. False: go no further."""
        reached = [operation for operation in self._reached if not operation.future.cancelled()]
        self._reached = []
        if not reached:
            return True
        decisions = self.host.plan([operation.found for operation in reached])
        self._planned |= {operation.found.key: operation for operation in reached}
        granted = [pair for pair in zip(reached, decisions, strict=True) if pair[1] is not None]
        return all(self._run(operation, attempt or 0) for operation, attempt in granted)

    def advance(self) -> bool:
        """Hands the code one more result. False: nothing more is known."""
        resolved = self._take_early() or self.host.next()
        if resolved is None:
            return False
        reseed()
        operation = self._planned.pop(resolved.key, None)
        if operation is None:
            self._early.append(resolved)
        elif not operation.future.done():  # else it was cancelled meanwhile
            _resolve(operation.future, resolved)
        return True

    def _take_early(self) -> Resolved | None:
        for at, resolved in enumerate(self._early):
            if resolved.key in self._planned:
                return self._early.pop(at)
        return None

    def _run(self, operation: Operation, attempt: int) -> bool:
        key = operation.found.key
        opened = Open(Attempt(key, attempt, f"{self._run_id}-{key.id}-{key.n}"))
        reseed()
        token = open_step.set(opened)
        task = self._loop.create_task(_call(operation))  # it copies the variable
        open_step.reset(token)
        self._loop.run_until(task)
        return self.host.finish(key, _answer(task, opened))


def reseed() -> None:
    """Restarts Python's own generator from the host's: the run's in its body, a real one inside a step."""
    random.seed(os.urandom(32))


async def _call(operation: Operation) -> str:
    assert operation.closure is not None, "the host runs no code but a step's"
    value = operation.closure()
    return values.write(await value if inspect.isawaitable(value) else value, "step's result")


def _answer(task: asyncio.Task[str], opened: Open) -> Answer:
    try:
        if opened.nested:
            raise opened.nested  # even if the closure has caught it
        if not task.done():
            raise StalledError("the step's function awaits something that nothing inside it brings about")
        return task.result()
    except BaseException as error:
        return raised.of_step(error)


def _resolve(future: asyncio.Future[Any], resolved: Resolved) -> None:
    if isinstance(resolved.value, Failure):
        future.set_exception(StepError(resolved.key, resolved.value))
    else:
        future.set_result(values.read(resolved.value))
