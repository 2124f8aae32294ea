"""A race of two steps, and a step behind it. Even the faster one takes long enough for both to have begun."""

import asyncio
import time

from stepwell import Context, function


@function(id="d8", trigger="d8/go")
async def race(ctx: Context) -> str:
    racers = [ctx.step.run(id, after, id, seconds) for id, seconds in (("slow", 0.8), ("fast", 0.4))]
    winner = await next(asyncio.as_completed(racers))
    return await ctx.step.run("next", lambda: f"{winner}, then next")


def after(value: str, seconds: float) -> str:
    time.sleep(seconds)
    return value
