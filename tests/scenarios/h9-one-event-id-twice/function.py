"""Two functions that one event starts."""

from stepwell import Context, function


@function(id="h9", trigger="h9/go")
async def first(ctx: Context) -> int:
    return 1


@function(id="h9-second", trigger="h9/go")
async def second(ctx: Context) -> int:
    return 2
