"""Three steps side by side, of which one may execute at once."""

import asyncio

from stepwell import Context, function


@function(id="d10", trigger="d10/go", concurrency=1)
async def steps(ctx: Context) -> list[int]:
    *numbers, _ = await asyncio.gather(
        ctx.step.run("a", lambda: 1),
        ctx.step.run("b", lambda: 2),
        ctx.step.run("c", lambda: 3),
        ctx.step.sleep("nap", "1s"),
    )
    return numbers
