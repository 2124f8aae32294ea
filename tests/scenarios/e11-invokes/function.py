"""Functions that invoke others: one that returns, one that fails, one that takes too long, one that is not there."""

from stepwell import Context, FailureContext, StepError, function


@function(id="e11-double")
async def double(ctx: Context) -> int:
    await ctx.step.sleep("think", "30s")
    return ctx.event.data["n"] * 2


class BadError(Exception):
    code = "E_BAD"


@function(id="e11-bad", retries=0)
async def bad(ctx: Context) -> None:
    raise BadError("no good")


@bad.on_failure
async def handle(ctx: FailureContext) -> str:
    return "handled"


@function(id="e11", trigger="e11/go")
async def invoke(ctx: Context) -> int:
    return await ctx.step.invoke("double", "app-e11-double", {"n": 21})


@function(id="e11-fails", trigger="e11/go-fails", retries=2)
async def invoke_what_fails(ctx: Context) -> str:
    """Caught: the caller completes."""
    try:
        await ctx.step.invoke("bad", bad)
    except StepError as error:
        return f"{error.name}: {error}"
    return "it did not fail"


@function(id="e11-late", trigger="e11/go-late")
async def invoke_what_is_late(ctx: Context) -> int:
    """Not caught: the caller fails at once."""
    return await ctx.step.invoke("double", double, {"n": 1}, timeout="5s")


@function(id="e11-unknown", trigger="e11/go-unknown", retries=2)
async def invoke_what_is_not_there(ctx: Context) -> None:
    await ctx.step.invoke("nobody", "app-nobody")
