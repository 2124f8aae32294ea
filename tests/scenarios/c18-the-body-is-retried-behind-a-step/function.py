"""A body that always fails behind its step."""

from stepwell import Context, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="c17", trigger="c17/go", retries=1)
async def twice(ctx: Context) -> None:
    await fail_behind(ctx)


@function(id="c18", trigger="c18/go", retries=2)
async def thrice(ctx: Context) -> None:
    await fail_behind(ctx)


async def fail_behind(ctx: Context) -> None:
    await ctx.step.run("a", lambda: 1)
    raise Error("after")
