"""A step that fails for good, and a sleep beside it."""

import asyncio

from stepwell import Context, NonRetriableError, function


def no_use() -> None:
    raise NonRetriableError("no use")


@function(id="d11", trigger="d11/go")
async def both(ctx: Context) -> None:
    await asyncio.gather(ctx.step.run("a", no_use), ctx.step.sleep("nap", "1h"))
