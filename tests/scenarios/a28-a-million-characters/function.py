"""An error with a long message."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="a28", trigger="a28/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error("x" * 1_000_000)


@fail.on_failure
async def report(ctx: FailureContext) -> dict:
    return {"error": len(ctx.error.message), "event": len(ctx.event.data.error.message)}
