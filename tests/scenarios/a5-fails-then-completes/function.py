"""A body that fails at its first attempt only."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="a5", trigger="a5/go", retries=4)
async def seven(ctx: Context) -> int:
    if ctx.attempt == 0:
        raise Error("not yet")
    return 7


@seven.on_failure
async def handle(ctx: FailureContext) -> str:
    return "never"
