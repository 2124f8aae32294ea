"""A function that invokes another twice in a minute, which may be started once."""

from stepwell import Context, RateLimit, StepError, function


@function(id="e15-callee", rate_limit=RateLimit(1, "1m"))
async def callee(ctx: Context) -> str:
    return "called"


@function(id="e15", trigger="e15/go")
async def invoke_twice(ctx: Context) -> str:
    first = await ctx.step.invoke("first", callee)
    try:
        second = await ctx.step.invoke("second", callee)
    except StepError as error:
        return f"{first}, then {error.name}: {error} ({error.code})"
    return f"{first}, {second}"
