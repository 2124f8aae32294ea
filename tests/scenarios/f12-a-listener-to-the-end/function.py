"""A function that fails where its event says so."""

from stepwell import Context, NonRetriableError, function


@function(id="f12", trigger="f12/go")
async def maybe(ctx: Context) -> int:
    if ctx.event.data.get("fail"):
        raise NonRetriableError("told to")
    return 1
