"""More steps than a run may have."""

import asyncio

from stepwell import Context, function


@function(id="c30", trigger="c30/go", retries=0)
async def one_after_the_other(ctx: Context) -> None:
    for n in range(1001):
        await ctx.step.run("s", number, n)


@function(id="c30-at-once", trigger="c30-at-once/go", retries=0)
async def at_once(ctx: Context) -> None:
    await asyncio.gather(*(ctx.step.run("s", number, n) for n in range(1001)))


def number(n: int) -> int:
    return n
