"""A function of which one run may be under way, with priorities."""

from datetime import timedelta

from stepwell import Context, function


@function(id="g18", trigger="g18/go", run_concurrency=1, priority="event.data.priority")
async def nap(ctx: Context) -> None:
    await ctx.step.sleep("nap", timedelta(seconds=ctx.event.data["nap"]))
