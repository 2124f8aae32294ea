"""A function with a large result."""

from stepwell import Context, function


@function(id="b7", trigger="b7/go", retries=1)
async def big(ctx: Context) -> str:
    return "x" * (9 << 20)
