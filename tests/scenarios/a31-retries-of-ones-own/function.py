"""A function with a backoff of its own, one step of it with another."""

import asyncio
import time

from stepwell import Backoff, Context, Step, attempt, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="a31", trigger="a31/go", retries=3, backoff=Backoff.exponential("1s", factor=3, max="5s"))
async def fail(ctx: Context) -> None:
    raise Error("never")


@function(id="a31-step", trigger="a31/go-step", retries=0)
async def in_a_step(ctx: Context) -> int:
    """The function is not retried, its step is."""
    return await third_time(ctx.step.retrying(5, backoff=Backoff.constant("2s")), "poll")


@function(id="a31-side", trigger="a31/go-side", retries=0)
async def side_by_side(ctx: Context) -> int:
    at_once = ctx.step.retrying(2, backoff=Backoff.constant("0s"))
    a, b = await asyncio.gather(third_time(at_once, "a"), ctx.step.run("b", slow))
    return a + b


def slow() -> int:
    time.sleep(0.3)
    return 1


async def third_time(step: Step, id: str) -> int:
    return await step.run(id, number_of_the_third)


def number_of_the_third() -> int:
    if attempt().number < 2:
        raise Error("not yet")
    return attempt().number
