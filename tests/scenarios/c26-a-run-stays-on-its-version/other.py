"""The next version: its step has another id."""

from stepwell import Context, function


@function(id="c26", trigger="c26/go")
async def body(ctx: Context) -> str:
    value = await ctx.step.run("a2", lambda: "new")
    await ctx.step.sleep("nap", "60s")
    return value
