"""A body that fails with the text that its event says."""

from stepwell import Context, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="a18", trigger="a18/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error(ctx.event.data["text"])
