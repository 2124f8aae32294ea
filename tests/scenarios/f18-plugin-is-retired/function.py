"""A function that fails twice, so that its plugin can be retired between."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f18-retired", trigger="f18-retired/go", retries=1)
async def fail(ctx: Context) -> None:
    raise Error("x")


@fail.on_failure
async def handle(ctx: FailureContext) -> str:
    return "told"
