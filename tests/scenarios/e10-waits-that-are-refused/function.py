"""Waits that nothing can ever answer."""

from stepwell import Context, function


@function(id="e10", trigger="e10/go", retries=3)
async def no_expression(ctx: Context) -> None:
    await ctx.step.wait_for_event("w", "e10/x", when="async.data.a ===")


@function(id="e10-name", trigger="e10/go-name", retries=3)
async def no_such_name(ctx: Context) -> None:
    await ctx.step.wait_for_event("w", "e10/x", when="invalid")


@function(id="e10-long", trigger="e10/go-long", retries=3)
async def too_long(ctx: Context) -> None:
    await ctx.step.wait_for_event("w", "e10/x", timeout="400d")
