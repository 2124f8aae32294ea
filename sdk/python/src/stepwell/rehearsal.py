"""Runs of nothing, played while a plugin is built.

Python fits its bytecode to what it meets, and makes much when it is first used. After a rehearsal this is in the image that
each execution starts from, and no execution does it again. That is faster, and an execution writes less memory.
"""

import gc
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import registry
from .context import Context
from .failure import Failure, Key
from .function import function
from .host import Answer, Completed, Found, Level, Resolved, RunContext

_TIMES = 32
"""After fewer, Python has not yet fitted all of the bytecode."""

_ROOM_BYTES = 1 << 20
"""Memory that is there from the start: a plain run needs less, and growing is a call of the system's."""

_EVENT = '{"name":"rehearsal","data":{"list":[1,"two",{"three":null}]},"id":"1","ts":1}'
_ENTERED = RunContext("rehearsal", "rehearsal", 0, 1, [_EVENT])


@function(id="rehearsal", trigger="rehearsal")
async def _part(ctx: Context[dict[str, Any]]) -> dict[str, Any]:
    ones = [await ctx.step.run(f"step {n}", lambda: {"list": [1, "two"]}) for n in range(3)]
    ctx.log.debug("rehearsed", steps=len(ones))
    return {"ones": ones, "data": ctx.event.data}


class _Stage:
    """A host that runs each step at once, and has its result ready."""

    def __init__(self) -> None:
        self._results: list[Resolved] = []

    def plan(self, found: list[Found]) -> list[int | None]:
        return [0 for _ in found]

    def finish(self, key: Key, value: Answer) -> bool:
        self._results.append(Resolved(key, value))
        return True

    def next(self) -> Resolved | None:
        return self._results.pop() if self._results else None

    def failed_step(self, key: Key) -> Answer | None:
        return None

    def step_input(self, key: Key) -> str | None:
        return None

    def log(self, level: Level, message: str, fields: str) -> None:
        return None

    def call(self, function: Callable[..., Any], input: Sequence[Any], named: Mapping[str, Any]) -> Any:
        return function(*input, **named)


def play() -> None:
    """Plays it, and prepares the plugin's functions. A build does this last."""
    for member in registry.functions.values():
        member.prepare()
    for _ in range(_TIMES):
        ended = _part.run(_ENTERED, _Stage())
        if not isinstance(ended, Completed):
            raise RuntimeError(f"the rehearsal has not completed: {ended}")
    bytearray(_ROOM_BYTES)
    # What is there now stays as long as the instance: a collection need neither look at it nor write to it.
    gc.collect()
    gc.freeze()
