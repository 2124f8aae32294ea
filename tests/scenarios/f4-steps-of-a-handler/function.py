"""A failure handler that fails once between its two steps. Its function has a step of the same id."""

from stepwell import Context, FailureContext, NonRetriableError, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f4", trigger="f4/go")
async def fail(ctx: Context) -> None:
    await ctx.step.run("A", lambda: "the run's own")
    raise NonRetriableError("x")


@fail.on_failure
async def handle(ctx: FailureContext) -> str:
    a = await ctx.step.run("A", lambda: "a")
    if ctx.attempt == 0:
        raise Error("between")
    return await ctx.step.run("B", lambda: f"{a}b")
