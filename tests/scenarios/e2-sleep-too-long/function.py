"""A sleep of 400 days."""

from stepwell import Context, function


@function(id="e2", trigger="e2/go")
async def hibernate(ctx: Context) -> None:
    await ctx.step.sleep("nap", "400d")
