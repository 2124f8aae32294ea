"""Two steps with a sleep between, in which the host is restarted."""

from stepwell import Context, function


@function(id="c20", trigger="c20/go", retries=1)
async def both(ctx: Context) -> str:
    a = await ctx.step.run("a", lambda: "a")
    await ctx.step.sleep("nap", "60s")
    return await ctx.step.run("b", lambda: f"{a}b")
