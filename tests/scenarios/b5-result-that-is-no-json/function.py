"""A function whose result JSON has no form for."""

from stepwell import Context, FailureContext, function


@function(id="b5", trigger="b5/go", retries=0)
async def sizes(ctx: Context) -> dict:
    return {(640, 480): 1}


@sizes.on_failure
async def report(ctx: FailureContext) -> str:
    return ctx.error.name
