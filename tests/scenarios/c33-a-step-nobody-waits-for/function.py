"""Steps of which the body takes no result: the loser of a race, and one that is never awaited."""

import asyncio
import time

from stepwell import Context, function


@function(id="c33", trigger="c33/go")
async def leave(ctx: Context) -> str:
    ctx.step.run("never", lambda: None).close()
    racers = [ctx.step.run("slow", after, 0.8, "slow"), ctx.step.run("fast", after, 0.4, "fast")]
    await asyncio.wait([asyncio.create_task(racer) for racer in racers], return_when=asyncio.FIRST_COMPLETED)
    return "done"


def after(seconds: float, value: str) -> str:
    """Long enough for both to have begun before the faster ends: once the outcome is certain no step begins."""
    time.sleep(seconds)
    return value
