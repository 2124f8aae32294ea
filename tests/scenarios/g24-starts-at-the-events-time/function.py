"""A function that does nothing but end."""

from stepwell import Context, function


@function(id="g24", trigger="g24/go")
async def end(ctx: Context) -> int:
    return ctx.event.data["n"]
