"""Two steps side by side, of which the first is the slower one, and a sleep."""

import asyncio
import time

from stepwell import Context, function


@function(id="d1", trigger="d1/go")
async def both(ctx: Context) -> tuple[str, str]:
    a, b, _ = await asyncio.gather(
        ctx.step.run("a", slow), ctx.step.run("b", lambda: "b"), ctx.step.sleep("nap", "10s")
    )
    return a, b


def slow() -> str:
    time.sleep(0.3)
    return "a"
