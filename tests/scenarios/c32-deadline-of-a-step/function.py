"""A step that does not end, and a body that would catch its error."""

from stepwell import Context, StepError, function


def hang() -> None:
    while True:
        pass


@function(id="c32-deadline", trigger="c32-deadline/go", retries=1)
async def body(ctx: Context) -> str:
    try:
        await ctx.step.run("a", hang)
    except StepError:
        return "caught"
    return "never"
