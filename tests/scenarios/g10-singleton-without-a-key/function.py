"""A singleton by a key."""

from stepwell import Context, Singleton, function


@function(
    id="g10", trigger="g10/go", singleton=Singleton("skip", key="event.data.exclusive ? event.data.n - 1 : false")
)
async def nap(ctx: Context) -> None:
    await ctx.step.sleep("nap", "20s")
