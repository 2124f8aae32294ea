"""Two steps side by side, of which the second fails for good."""

import asyncio
import time

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="d2", trigger="d2/go", retries=1)
async def both(ctx: Context) -> tuple[int, int]:
    return await asyncio.gather(ctx.step.run("a", lambda: 1), ctx.step.run("b", fail))


@both.on_failure
async def handle(ctx: FailureContext) -> str:
    return "told"


@function(id="d4", trigger="d4/go", retries=1)
async def both_settled(ctx: Context) -> list[str]:
    settled = await asyncio.gather(ctx.step.run("a", lambda: 1), ctx.step.run("b", fail), return_exceptions=True)
    return ["rejected" if isinstance(result, Exception) else "fulfilled" for result in settled]


def fail() -> int:
    """Slower than the other step, so that the order of the journal is certain."""
    time.sleep(0.3)
    raise Error("eb")
