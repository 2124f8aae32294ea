"""A wait that a sleep cuts short, and the other way round."""

import asyncio

from stepwell import Context, function


@function(id="d9", trigger="d9/go")
async def first(ctx: Context) -> str:
    nap = asyncio.create_task(ctx.step.sleep("nap", "60s"))
    come = asyncio.create_task(ctx.step.wait_for_event("come", "d9/come", timeout="1h"))
    ended, _ = await asyncio.wait([nap, come], return_when=asyncio.FIRST_COMPLETED)
    return "nap" if nap in ended else "come"
