"""A body that always fails and asks for more retries than there are."""

from stepwell import Context, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="a4", trigger="a4/go", retries=25)
async def fail(ctx: Context) -> None:
    raise Error(f"one of {ctx.max_attempts}")
