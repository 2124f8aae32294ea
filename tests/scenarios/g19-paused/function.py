"""A function that is paused while a run of it sleeps."""

from stepwell import Context, function


@function(id="g19", trigger="g19/go")
async def nap(ctx: Context) -> None:
    await ctx.step.sleep("nap", "20s")
