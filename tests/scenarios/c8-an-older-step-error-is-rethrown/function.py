"""Two steps that fail, and a body that ends with the error of the first."""

from stepwell import Context, StepError, function


class Error(Exception):
    """Named as in the other languages."""


def fail(message: str) -> None:
    raise Error(message)


@function(id="c8", trigger="c8/go", retries=1)
async def rethrow(ctx: Context) -> None:
    try:
        await ctx.step.run("a", fail, "ea")
    except StepError as error:
        older = error
    try:
        await ctx.step.run("b", fail, "eb")
    except StepError:
        raise older from None
