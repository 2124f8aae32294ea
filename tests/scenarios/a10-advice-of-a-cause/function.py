"""Errors whose cause has an advice on retries."""

from stepwell import Context, NonRetriableError, RetryAfterError, function


@function(id="a10", trigger="a10/go", retries=1)
async def never(ctx: Context) -> None:
    raise ImportError("import failed") from NonRetriableError("no use")


@function(id="a16", trigger="a16/go", retries=1)
async def later(ctx: Context) -> None:
    if ctx.attempt == 0:
        raise ImportError("import failed") from RetryAfterError("in an hour", "1h")
