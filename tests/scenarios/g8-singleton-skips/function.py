"""Singletons that skip: one that sleeps, and one that fails once."""

from stepwell import Context, Singleton, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="g8", trigger="g8/go", singleton=Singleton("skip", key="event.data.user"))
async def nap(ctx: Context) -> None:
    await ctx.step.sleep("nap", "20s")


@function(id="g8-fails", trigger="g8/fails", retries=1, singleton=Singleton("skip"))
async def fail(ctx: Context) -> None:
    if ctx.attempt == 0:
        raise Error("not yet")
