"""Sleeps from nothing to the longest, by the run's own clock."""

import time
from datetime import timedelta

from stepwell import Context, function

DAY = 24 * 3_600_000


@function(id="e1", trigger="e1/go")
async def sleep(ctx: Context) -> list[int]:
    """How long each has taken, in milliseconds."""
    took = []
    for n, ms in enumerate([0, 1, 999, 1_500, 500, 60_000, 5_400_000, 366 * DAY]):
        begun = time.time_ns()
        await ctx.step.sleep(f"sleep {n}", timedelta(milliseconds=ms))
        took.append((time.time_ns() - begun) // 1_000_000)
    return took
