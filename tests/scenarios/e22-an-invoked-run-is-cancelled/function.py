"""A function that invokes one that sleeps."""

from stepwell import Context, StepError, function


@function(id="e22-callee")
async def callee(ctx: Context) -> None:
    await ctx.step.sleep("nap", "1m")


@function(id="e22", trigger="e22/go")
async def call(ctx: Context) -> object:
    try:
        return await ctx.step.invoke("call", "e22-callee")
    except StepError as error:
        return [error.name, error.message, error.code, error.details]
