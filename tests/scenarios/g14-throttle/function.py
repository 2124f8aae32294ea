"""Throttled functions: one that fails once, and one by a key with a burst."""

from stepwell import Backoff, Context, Throttle, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="g14", trigger="g14/go", retries=1, backoff=Backoff.constant("1s"), throttle=Throttle(1, "5s"))
async def fail(ctx: Context) -> None:
    if ctx.attempt == 0:
        raise Error("not yet")


@function(id="g14-keyed", trigger="g14/keyed", throttle=Throttle(1, "10s", burst=2, key="event.data.to"))
async def keyed(ctx: Context) -> dict:
    return ctx.event.data
