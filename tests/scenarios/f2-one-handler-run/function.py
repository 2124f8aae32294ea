"""A failure handler that tells what it was given."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f2", trigger="f2/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error("x")


@fail.on_failure
async def report(ctx: FailureContext) -> dict:
    failed = ctx.event.data
    return {
        "event": ctx.event.name,
        "function": failed.function_id,
        "has_own_run_id": ctx.run_id != ctx.failed.run_id,
        "original": [failed.event.name, failed.event.data],
        "same_run_id": failed.run_id == ctx.failed.run_id,
    }
