"""Three steps, of which the second has an input and refuses too much, and a handler that fails until told not to."""

from stepwell import Context, FailureContext, NonRetriableError, function


@function(id="r1", trigger="r1/go")
async def charge(ctx: Context) -> str:
    sku = await ctx.step.run("look-up", lambda: "A1")
    await ctx.step.sleep("nap", "1s")
    charged = await ctx.step.run("charge", charge_card, ctx.event.data["cents"])
    await ctx.step.run("tell", lambda: None)
    return f"{sku} for {charged}, {'a run' if ctx.run_id else 'nobody'}"


def charge_card(cents: int) -> int:
    if cents > 1_000:
        raise NonRetriableError(f"{cents} is too much")
    return cents


@charge.on_failure
async def handle(ctx: FailureContext) -> str:
    sku = ctx.failed.step("look-up")
    await ctx.step.run("report", report, False)
    return f"{ctx.error.message}: {sku}"


def report(works: bool) -> None:
    if not works:
        raise NonRetriableError("no")
