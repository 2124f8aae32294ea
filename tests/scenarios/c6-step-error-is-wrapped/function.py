"""A step that always fails, and a body that wraps its error in one of its own."""

from stepwell import Context, FailureContext, StepError, function


class Error(Exception):
    """Named as in the other languages."""


def se() -> None:
    raise Error("se")


@function(id="c6", trigger="c6/go", retries=1)
async def save(ctx: Context) -> None:
    try:
        await ctx.step.run("a", se)
    except StepError as error:
        raise Error("wrapped") from error


@save.on_failure
async def report(ctx: FailureContext) -> str:
    told = ctx.event.data.error.cause
    return f"{ctx.error}, caused by {ctx.error.causes[0].message}, told as {told and told.message}"
