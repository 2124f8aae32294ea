"""A singleton that cancels."""

from datetime import timedelta

from stepwell import Context, FailureContext, Singleton, function


@function(id="g9", trigger="g9/go", singleton=Singleton("cancel"))
async def nap(ctx: Context) -> None:
    await ctx.step.sleep("nap", timedelta(seconds=ctx.event.data["nap"]))


@nap.on_failure
async def handle(ctx: FailureContext) -> str:
    return "a cancelled run is no failed run"
