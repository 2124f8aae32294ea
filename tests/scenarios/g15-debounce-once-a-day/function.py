"""A debounced function that starts once a day for each id."""

from stepwell import Context, Debounce, function


@function(
    id="g15-once",
    trigger="g15-once/go",
    debounce=Debounce("5s", key="event.data.id"),
    idempotency="event.data.id",
)
async def echo(ctx: Context) -> int:
    n: int = ctx.event.data["n"]
    return n
