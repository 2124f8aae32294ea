"""Two steps side by side, of which one fails for good; it is the other's result that counts, whichever ends first."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from stepwell import Context, StepError, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="d5", trigger="d5/go", retries=0)
async def any_of_both(ctx: Context) -> str:
    """The failure comes first and does not count."""
    return await first_ok(ctx.step.run("fails", fail, 0), ctx.step.run("succeeds", succeed, 0.4))


@function(id="d5-retried", trigger="d5/go-retried", retries=1)
async def any_of_one_that_is_retried(ctx: Context) -> str:
    """The success comes first, when both have begun; the other one's attempt ends, and is not followed by another."""
    return await first_ok(ctx.step.run("succeeds", succeed, 0.4), ctx.step.run("fails", fail, 0.8))


async def first_ok(*tries: Coroutine[Any, Any, str]) -> str:
    for ended in asyncio.as_completed(tries):
        try:
            return await ended
        except StepError:
            pass
    raise Error("none has succeeded")


def succeed(seconds: float) -> str:
    """It takes its time, so that the order of the journal is certain."""
    time.sleep(seconds)
    return "succeeds"


def fail(seconds: float) -> str:
    time.sleep(seconds)
    raise Error("it fails")
