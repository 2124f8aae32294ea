"""All that the Python SDK has, as tests/it/python.rs runs it on the real host."""

import asyncio
import os
import random
import time
import uuid
from dataclasses import dataclass

from stepwell import Context, FailureContext, StepError, attempt, function, plugin


@dataclass
class Order:
    id: int
    coupon: str | None = None


class SoldOut(Exception):
    def __init__(self, sku: str) -> None:
        super().__init__(f"{sku} is sold out")
        self.code = "SOLD_OUT"
        self.sku = sku


@function(id="tour", trigger="python/tour", retries=1)
async def tour(ctx: Context[Order]) -> dict:
    order = ctx.event.data
    gathered = await asyncio.gather(*(ctx.step.run("square", lambda n: n * n, n) for n in range(4)))
    async with asyncio.TaskGroup() as group:
        paid = group.create_task(ctx.step.wait_for_event("paid", "python/paid", match="data.id", data=Order))
        group.create_task(pay(ctx))
    never = await ctx.step.wait_for_event("never", "python/never", timeout="1ms")
    return {
        "gathered": gathered,
        "paid": paid.result() and paid.result().data,
        "never": never,
        "retried": await ctx.step.run("retried", fails_once),
        "caught": await caught(ctx),
        "invoked": await ctx.step.invoke("half", half, order),
        "variable": os.environ.get("TOKEN"),
    }


async def pay(ctx: Context[Order]) -> None:
    """When the wait is known to the host."""
    await ctx.step.sleep("a-moment", "5ms")
    await ctx.step.send_event("pay", "python/paid", Order(ctx.event.data.id, "half"))


def fails_once() -> int:
    if attempt().number == 0:
        raise RuntimeError("once")
    return attempt().number


async def caught(ctx: Context[Order]) -> list:
    def sells() -> None:
        raise SoldOut("A1") from KeyError("stock")

    try:
        await ctx.step.retrying(0).run("sells", sells)
    except StepError as error:
        return [error.name, error.code, error.details, type(error.__cause__).__name__]
    return []


@function(id="half")
async def half(ctx: Context[Order]) -> float:
    return ctx.event.data.id / 2


@function(id="same", trigger="python/same")
async def same(ctx: Context) -> list[bool]:
    """What is drawn and what time it is are the same whenever the body is replayed, and others after each result."""
    first = [random.random(), str(uuid.uuid4()), time.time()]
    kept = await ctx.step.run("keep", lambda: first)
    ctx.log.info("kept")
    print("printed")
    second = [random.random(), str(uuid.uuid4())]
    kept_too = await ctx.step.run("keep", lambda: second)
    await ctx.step.sleep("replayed", "5ms")
    return [kept == first, kept_too == second, first[0] != second[0], first[1] != second[1]]


@function(id="fails", trigger="python/fails", retries=1)
async def fails(ctx: Context[Order]) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(ctx.step.run("reserves", lambda: {"reservation": 7}))
        group.create_task(sells_out(ctx))


async def sells_out(ctx: Context[Order]) -> None:
    await ctx.step.sleep("a-moment", "5ms")
    try:
        {}["stock"]
    except KeyError as error:
        raise SoldOut("A1") from error


@fails.on_failure
async def report(ctx: FailureContext[Order]) -> dict:
    error = ctx.error
    return await ctx.step.run(
        "report",
        lambda: {
            "told": str(error),
            "code": error.code,
            "details": error.details,
            "cause": str(error.causes[0]),
            "attempt": error.attempt,
            "stack": error.stack,
            "order": ctx.event.data.event.data.id,
            "kept": ctx.failed.step("reserves"),
        },
    )


plugin(tour, half, same, fails)
