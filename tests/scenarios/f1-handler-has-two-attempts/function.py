"""A failure handler that always fails."""

from stepwell import Context, FailureContext, NonRetriableError, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f1", trigger="f1/go", retries=7)
async def fail(ctx: Context) -> None:
    raise NonRetriableError("x")


@fail.on_failure
async def fail_too(ctx: FailureContext) -> None:
    raise Error(f"attempt {ctx.attempt} of {ctx.max_attempts}")
