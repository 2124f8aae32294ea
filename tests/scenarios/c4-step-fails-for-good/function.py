"""A step that always fails, and a body that lets its error pass."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


def se() -> None:
    raise Error("se")


@function(id="c4", trigger="c4/go", retries=2)
async def save(ctx: Context) -> None:
    await ctx.step.run("a", se)


@save.on_failure
async def report(ctx: FailureContext) -> dict:
    step = ctx.error.step
    return {"attempt": ctx.error.attempt, "message": ctx.error.message, "step": step and step.id}
