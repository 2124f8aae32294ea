"""A function that takes its events in batches."""

from stepwell import Batch, Context, function


@function(id="g16", trigger="g16/go", batch=Batch(3, "10s", key="event.data.to", when="event.data.n < 100"))
async def numbers(ctx: Context) -> list[int]:
    given = [event.data["n"] for event in ctx.events]
    return [n if isinstance(n, int) else 0 for n in given]
