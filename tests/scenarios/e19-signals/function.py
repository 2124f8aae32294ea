"""Functions that wait for a signal, and one that sends it."""

from typing import Any

from stepwell import Context, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="e19", trigger="e19/go", retries=2)
async def wait(ctx: Context) -> Any:
    signal = await ctx.step.wait_for_signal("approval", "approved", timeout="60s")
    return signal and signal.data


@function(id="e19-replaces", trigger="e19/go-instead")
async def wait_instead(ctx: Context) -> Any:
    signal = await ctx.step.wait_for_signal("approval", "approved", timeout="60s", on_conflict="replace")
    return signal and signal.data


@function(id="e19-sends", trigger="e19/send", retries=1)
async def send(ctx: Context) -> bool:
    receiver = await ctx.step.send_signal("approve", "approved", {"by": "Ada"})
    if ctx.attempt == 0:
        raise Error("once more")
    return receiver is not None
