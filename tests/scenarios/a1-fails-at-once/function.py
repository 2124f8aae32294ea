"""A body that fails, with no retries: the handler gets the error."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="a1", trigger="a1/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error("x")


@fail.on_failure
async def report(ctx: FailureContext) -> dict:
    return {
        "event_id_is_run_id": ctx.event.id == ctx.failed.run_id,
        "has_stack": bool(ctx.error.stack),
        "message": ctx.error.message,
        "name": ctx.error.name,
    }
