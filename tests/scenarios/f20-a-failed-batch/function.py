"""A function that takes three events and fails."""

from stepwell import Batch, Context, FailureContext, NonRetriableError, function


@function(id="f20", trigger="f20/go", batch=Batch(3, "10s"))
async def fail(ctx: Context) -> None:
    raise NonRetriableError("no use")


@fail.on_failure
async def count(ctx: FailureContext) -> int:
    return len(ctx.event.data.events)
