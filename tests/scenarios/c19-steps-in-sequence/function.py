"""Three steps, one after the other."""

from stepwell import Context, function


@function(id="c19", trigger="c19/go")
async def sequence(ctx: Context) -> str:
    a = await ctx.step.run("a", lambda: "a")
    b = await ctx.step.run("b", lambda: f"{a}b")
    return await ctx.step.run("c", lambda: f"{b}c")
