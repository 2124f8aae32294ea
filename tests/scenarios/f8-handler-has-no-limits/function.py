"""A function with all kinds of limits, which fails, and a handler that sleeps."""

from stepwell import CancelOn, Context, FailureContext, NonRetriableError, Singleton, Throttle, Timeouts, function


@function(
    id="f8",
    trigger="f8/go",
    throttle=Throttle(1, "60s"),
    run_concurrency=1,
    singleton=Singleton("skip", key="event.data.lock"),
    cancel_on=CancelOn("f8/stop"),
    timeouts=Timeouts(start="10m"),
)
async def fail(ctx: Context) -> None:
    raise NonRetriableError("no use")


@fail.on_failure
async def handle(ctx: FailureContext) -> None:
    await ctx.step.sleep("nap", "90s")
