"""A function that sends events, raises, and is entered again."""

from stepwell import Context, NewEvent, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="e20", trigger="e20/go", retries=1)
async def send(ctx: Context) -> int:
    ids = await ctx.step.send_events("tell", [NewEvent("e20/told", {"n": n}) for n in range(2)])
    if ctx.attempt == 0:
        raise Error("once more")
    return len(ids)


@function(id="e20-hears", trigger="e20/told")
async def hear(ctx: Context) -> int:
    return ctx.event.data["n"]


@function(id="e20-reserved", trigger="e20/go-reserved", retries=3)
async def send_reserved(ctx: Context) -> str:
    return await ctx.step.send_event("tell", "inngest/function.failed")
