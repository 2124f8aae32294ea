"""A failure handler that gives up at once."""

from stepwell import Context, FailureContext, NonRetriableError, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f7", trigger="f7/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error("x")


@fail.on_failure
async def alert(ctx: FailureContext) -> None:
    raise NonRetriableError("no team to tell")
