"""An id that is used twice side by side. The second use is slower, so that the order of the journal is certain."""

import asyncio
import time

from stepwell import Context, function


@function(id="c23", trigger="c23/go")
async def both(ctx: Context) -> tuple[str, str]:
    return await asyncio.gather(ctx.step.run("a", lambda: "first"), ctx.step.run("a", second))


def second() -> str:
    time.sleep(0.3)
    return "second"
