"""A step whose result JSON has no form for."""

from stepwell import Context, StepError, function


@function(id="c3", trigger="c3/go")
async def sizes(ctx: Context) -> str:
    try:
        await ctx.step.run("a", lambda: {(640, 480): 1})
    except StepError as error:
        return f"caught {error.name}"
    return "never"
