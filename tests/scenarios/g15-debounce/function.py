"""A debounced function."""

from stepwell import Context, Debounce, function


@function(id="g15", trigger="g15/go", debounce=Debounce("5s", timeout="12s", key="event.data.to"))
async def echo(ctx: Context) -> int:
    await ctx.step.sleep("nap", "2s")
    return ctx.event.data["n"]
