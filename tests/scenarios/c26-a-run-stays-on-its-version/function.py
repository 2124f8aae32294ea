"""A step, then a long sleep: by its end there is another version."""

from stepwell import Context, function


@function(id="c26", trigger="c26/go")
async def body(ctx: Context) -> str:
    value = await ctx.step.run("a", lambda: "old")
    await ctx.step.sleep("nap", "60s")
    return value
