"""A body that always fails, with two retries."""

from stepwell import Context, FailureContext, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="a2", trigger="a2/go", retries=2)
async def fail(ctx: Context) -> None:
    ctx.log.info(f"attempt {ctx.attempt} of {ctx.max_attempts}")
    raise Error(f"x{ctx.attempt}")


@fail.on_failure
async def report(ctx: FailureContext) -> str:
    return f"{ctx.error}, attempt {ctx.error.attempt}"
