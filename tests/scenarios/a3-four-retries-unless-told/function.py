"""A body that always fails and says nothing of retries."""

from stepwell import Context, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="a3", trigger="a3/go")
async def fail(ctx: Context) -> None:
    raise Error(f"attempt {ctx.attempt} of {ctx.max_attempts}")
