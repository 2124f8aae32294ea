"""Steps that succeed at their third attempt, alone and beside another step."""

import asyncio
import time

from stepwell import Context, function


class Error(Exception):
    """Named as in the other languages."""


def third_time(attempt: int) -> int:
    if attempt < 2:
        raise Error(f"busy at attempt {attempt}")
    return attempt


def slow(attempt: int) -> int:
    time.sleep(0.3)
    return attempt


@function(id="c34", trigger="c34/alone")
async def alone(ctx: Context) -> int:
    return await ctx.step.run("a", third_time, ctx.attempt)


@function(id="c34-beside", trigger="c34/beside")
async def beside(ctx: Context) -> tuple[int, int]:
    a, b = await asyncio.gather(ctx.step.run("a", third_time, ctx.attempt), ctx.step.run("b", slow, ctx.attempt))
    return a, b
