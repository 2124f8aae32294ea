"""Steps that return nothing, and a sleep behind which they are replayed."""

from stepwell import Context, function


def nothing() -> None:
    pass


def none() -> int | None:
    return None


@function(id="c24", trigger="c24/go")
async def body(ctx: Context) -> int | None:
    await ctx.step.run("nothing", nothing)
    value = await ctx.step.run("none", none)
    await ctx.step.sleep("nap", "10s")
    return value
