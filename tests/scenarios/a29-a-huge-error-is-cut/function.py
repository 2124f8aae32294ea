"""An error with a message that no one wants to have."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="a29", trigger="a29/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error("x" * (9 << 20))


@fail.on_failure
async def report(ctx: FailureContext) -> dict:
    message = ctx.error.message
    return {"bytes": len(message.encode()), "end": message[message.index("… [") - 1 :]}
