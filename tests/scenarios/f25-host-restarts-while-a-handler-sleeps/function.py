"""A failure handler that sleeps for an hour between two steps."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f25", trigger="f25/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error("x")


@fail.on_failure
async def handle(ctx: FailureContext) -> str:
    a = await ctx.step.run("a", lambda: "a")
    await ctx.step.sleep("nap", "1h")
    return await ctx.step.run("b", lambda: f"{a}b")
