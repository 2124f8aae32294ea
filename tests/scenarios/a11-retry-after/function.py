"""A body that says after how many milliseconds it is to be retried."""

from datetime import timedelta

from stepwell import Context, RetryAfterError, function


@function(id="a11", trigger="a11/go")
async def later(ctx: Context) -> None:
    if ctx.attempt == 0:
        raise RetryAfterError("later", timedelta(milliseconds=ctx.event.data["ms"]))
