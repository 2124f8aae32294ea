"""A body that always asks to be retried a minute later, with one retry."""

from stepwell import Context, RetryAfterError, function


@function(id="a15", trigger="a15/go", retries=1)
async def later(ctx: Context) -> None:
    raise RetryAfterError("busy", "1m")
