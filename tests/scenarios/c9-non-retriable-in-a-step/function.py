"""A step that says it is not worth a retry."""

from stepwell import Context, NonRetriableError, StepError, function


def no_use() -> None:
    raise NonRetriableError("no use")


@function(id="c9", trigger="c9/go", retries=4)
async def save(ctx: Context) -> str:
    try:
        await ctx.step.run("a", no_use)
    except StepError as error:
        return f"caught {error.name}"
    return "never"
