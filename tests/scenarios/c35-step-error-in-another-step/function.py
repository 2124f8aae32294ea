"""A step that ends with the error of another one."""

from stepwell import Context, StepError, function


class Error(Exception):
    """Named as in the other languages."""


def fail() -> None:
    raise Error("ea")


@function(id="c35", trigger="c35/go", retries=1)
async def again(ctx: Context) -> str:
    try:
        await ctx.step.run("a", fail)
    except StepError as error:
        first = error

    def rethrow() -> None:
        raise first

    try:
        await ctx.step.run("b", rethrow)
    except StepError as error:
        return f"b: {error.message}"
    return "no error"
