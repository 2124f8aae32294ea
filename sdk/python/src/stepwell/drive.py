"""Driving a body: letting it run until it can go no further, then taking one result at a time from the host."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from . import raised, values
from .errors import StalledError
from .host import Completed, Failed, Host, Outcome, Suspended
from .loop import Loop
from .operations import Operations

Body = Callable[[Operations], Coroutine[Any, Any, Any]]

# All of a pass is kept: Python would run the `finally` blocks of a body that it collects.
_kept: list[object] = []


def drive(host: Host, run_id: str, body: Body) -> Outcome:
    """Enters a body, as far as this pass goes."""
    loop = Loop()  # type: ignore[abstract]  # what it lacks has no meaning here
    operations = Operations(host, loop, run_id)
    _kept.append((loop, operations))
    with loop.running():
        return _drive(loop, operations, loop.create_task(body(operations)))


def _drive(loop: Loop, operations: Operations, task: asyncio.Task[Any]) -> Outcome:
    while True:
        loop.run_dry()
        if task.done() and not _has_returned(task):
            return _ended(task)
        # What a body has started and left behind before it returned is planned as well.
        if not operations.plan():
            return Suspended()
        if task.done():
            return _ended(task)
        if not operations.advance():
            return Suspended() if operations.waits else Failed(raised.of_body(_stalled()))


def _has_returned(task: asyncio.Task[Any]) -> bool:
    return not task.cancelled() and task.exception() is None


def _ended(task: asyncio.Task[Any]) -> Outcome:
    try:
        return Completed(values.write(task.result(), "function's result"))
    except BaseException as error:
        return Failed(raised.of_body(error))


def _stalled() -> StalledError:
    return StalledError("the function awaits something that is not an operation of Stepwell's and never comes")
