"""The next version: the function has a failure handler."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f19", trigger="f19/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error("x")


@fail.on_failure
async def handle(ctx: FailureContext) -> str:
    return "told"
