"""A step with a large result, and a body that would catch its error."""

from stepwell import Context, StepError, function


@function(id="c29", trigger="c29/go", retries=1)
async def big(ctx: Context) -> str:
    try:
        await ctx.step.run("big", lambda: "x" * (5 << 20))
    except StepError:
        return "caught"
    return "never"
