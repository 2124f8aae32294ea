"""A function that may take ten seconds: asleep, between attempts, and in a step that ends behind that time."""

from stepwell import Context, FailureContext, Timeouts, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="g6", trigger="g6/go", timeouts=Timeouts(finish="10s"))
async def sleep(ctx: Context) -> None:
    await ctx.step.run("before", lambda: None)
    await ctx.step.sleep("nap", "10m")


@sleep.on_failure
async def handle(ctx: FailureContext) -> str:
    return "a cancelled run is no failed run"


@function(id="g6-fails", trigger="g6/go-fails", timeouts=Timeouts(finish="10s"))
async def fail(ctx: Context) -> None:
    raise Error("not yet")


@function(id="g6-quick", trigger="g6/go-quick", timeouts=Timeouts(finish="10s"))
async def quick(ctx: Context) -> int:
    return await ctx.step.run("a", lambda: 1)
