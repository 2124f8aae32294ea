"""A step that fails, and is to be tried again."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


def not_yet() -> None:
    raise Error("not yet")


@function(id="g3", trigger="g3/go", retries=3)
async def fail(ctx: Context) -> None:
    await ctx.step.run("a", not_yet)


@fail.on_failure
async def handle(ctx: FailureContext) -> str:
    return "a cancelled run is no failed run"
