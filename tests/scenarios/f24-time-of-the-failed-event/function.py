"""A run that fails ten seconds after its event."""

from datetime import timedelta

from stepwell import Context, FailureContext, RetryAfterError, function


@function(id="f24", trigger="f24/go", retries=1)
async def fail(ctx: Context) -> None:
    raise RetryAfterError("x", "10s")


@fail.on_failure
async def report(ctx: FailureContext) -> dict:
    later = ctx.event.time - ctx.event.data.event.time
    return {
        "has_id_of_run": ctx.event.id == ctx.failed.run_id,
        "ms_later": later // timedelta(milliseconds=1),
    }
