"""A wait for an hour, by a field; two side by side with a step; and one by an expression."""

import asyncio

from stepwell import Context, function


@function(id="e5", trigger="e5/go")
async def wait(ctx: Context) -> str:
    paid = await ctx.step.wait_for_event("payment", "e5/paid", match="data.order", timeout="1h")
    return f"paid {paid.data['amount']}" if paid else "never paid"


@function(id="e5-both", trigger="e5/go-both")
async def wait_for_both(ctx: Context) -> int:
    a, b, c = await asyncio.gather(
        ctx.step.wait_for_event("a", "e5/a", timeout="1h"),
        ctx.step.run("b", lambda: 2),
        ctx.step.wait_for_event("c", "e5/c", timeout="1h"),
    )
    return (1 if a else 0) + b + (4 if c else 0)


@function(id="e5-when", trigger="e5/go-when")
async def wait_when(ctx: Context) -> bool:
    when = "async.data.amount > event.data.least && async.data.order == 'A'"
    return await ctx.step.wait_for_event("enough", "e5/paid", when=when, timeout="1h") is not None
