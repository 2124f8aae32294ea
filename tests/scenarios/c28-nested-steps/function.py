"""A step inside a step."""

from stepwell import Context, function


@function(id="c28", trigger="c28/go")
async def nest(ctx: Context) -> int:
    async def outer() -> int:
        return await ctx.step.run("inner", lambda: 1) + 1

    return await ctx.step.run("outer", outer)
