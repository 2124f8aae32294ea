"""A function of which one run may be under way, and which has to begin within ten seconds."""

from datetime import timedelta

from stepwell import Context, FailureContext, Timeouts, function


@function(id="g5", trigger="g5/go", run_concurrency=1, timeouts=Timeouts(start="10s"))
async def nap(ctx: Context) -> None:
    await ctx.step.sleep("nap", timedelta(seconds=ctx.event.data["nap"]))


@nap.on_failure
async def handle(ctx: FailureContext) -> str:
    return "a cancelled run is no failed run"
