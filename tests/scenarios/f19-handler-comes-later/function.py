"""A function that fails and has no failure handler yet."""

from stepwell import Context, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f19", trigger="f19/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error("x")
