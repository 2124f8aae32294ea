"""A failure handler that undoes what the failed run had done."""

from stepwell import Context, FailureContext, NonRetriableError, StepError, function


def refuse() -> None:
    raise NonRetriableError("card refused")


@function(id="undo", trigger="undo/go")
async def order(ctx: Context) -> None:
    await ctx.step.run("reserve", lambda: "r1")
    await ctx.step.run("charge", refuse)
    await ctx.step.run("ship", lambda: "s1")


@order.on_failure
async def undo(ctx: FailureContext) -> dict:
    reservation = ctx.failed.step("reserve")
    try:
        charge = ctx.failed.step("charge")
    except StepError as error:
        charge = error.message
    release = await ctx.step.run("release", lambda: f"released {reservation}")
    return {"charge": charge, "release": release, "ship": ctx.failed.step("ship")}
