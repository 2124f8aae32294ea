"""A function that fails, and whose handler tries it once more, up to three times in all."""

from stepwell import Context, FailureContext, StepError, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f27", trigger="f27/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error(f"try {ctx.event.data['try']} fails")


@fail.on_failure
async def try_again(ctx: FailureContext) -> str:
    tried = ctx.event.data.event.data["try"]
    if tried == 3:
        return "given up"
    try:
        await ctx.step.invoke("again", fail, {"try": tried + 1})
    except StepError as error:
        return f"again: {error}"
    return "it works"
