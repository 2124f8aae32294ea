"""A function that returns nothing."""

from stepwell import Context, function


@function(id="b1", trigger="b1/go")
async def nothing(ctx: Context) -> None:
    pass
