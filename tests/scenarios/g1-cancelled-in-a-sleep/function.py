"""A function with a handler that sleeps for an hour, with a step before and behind."""

from stepwell import Context, FailureContext, function


@function(id="g1", trigger="g1/go")
async def sleep_long(ctx: Context) -> None:
    await ctx.step.run("before", lambda: None)
    await ctx.step.sleep("nap", "1h")
    await ctx.step.run("behind", lambda: None)


@sleep_long.on_failure
async def handle(ctx: FailureContext) -> str:
    return "a cancelled run is no failed run"
