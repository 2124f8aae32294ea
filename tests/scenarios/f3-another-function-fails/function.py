"""A function with a failure handler, and one that fails."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f3", trigger="f3/go")
async def fine(ctx: Context) -> None:
    pass


@fine.on_failure
async def handle(ctx: FailureContext) -> str:
    return "never"


@function(id="f3-other", trigger="f3-other/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error("x")
