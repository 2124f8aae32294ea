"""A failure handler whose step fails once."""

from stepwell import Context, FailureContext, attempt, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f6", trigger="f6/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error("x")


@fail.on_failure
async def alert(ctx: FailureContext) -> str:
    return await ctx.step.run("alert", tell)


def tell() -> str:
    if attempt().number == 0:
        raise Error("no answer")
    return "told"
