"""A function that fails twice, so that its plugin can be replaced between."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f18", trigger="f18/go", retries=1)
async def fail(ctx: Context) -> None:
    raise Error("x")


@fail.on_failure
async def handle(ctx: FailureContext) -> str:
    return "told"
