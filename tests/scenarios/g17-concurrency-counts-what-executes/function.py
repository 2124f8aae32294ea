"""A function of which one run may execute at once."""

from stepwell import Context, function


@function(id="g17", trigger="g17/go", concurrency=1)
async def steps(ctx: Context) -> None:
    await ctx.step.run("before", lambda: None)
    await ctx.step.sleep("nap", "10s")
    await ctx.step.run("behind", lambda: None)
