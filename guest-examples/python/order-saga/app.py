"""Places an order in three steps, and takes back what was done when that fails for good."""

from dataclasses import dataclass
from typing import Any

import shop

from stepwell import Context, FailedRun, FailureContext, StepError, function, plugin


@dataclass
class Order:
    """The data of `shop/order.placed`."""

    order: str
    fails_at: shop.Trouble = None


@dataclass
class Placed:
    order: str
    shipped: bool


@dataclass
class RolledBack:
    order: str
    undone: list[str]


@function(id="place-order", name="Place order", trigger="shop/order.placed", retries=1)
async def place_order(ctx: Context[Order]) -> Placed:
    """Each step is done once, however often a later one is retried."""
    order = ctx.event.data

    await ctx.step.run("reserve-stock", shop.reserve_stock, order.order)
    await ctx.step.run("charge-card", shop.charge_card, order.order, order.fails_at)
    await ctx.step.run("ship", shop.ship, order.order, order.fails_at)
    return Placed(order.order, shipped=True)


@place_order.on_failure
async def roll_back(ctx: FailureContext[Order]) -> RolledBack:
    """The last first, and exactly what had been done; each in a step, so that it is taken back once."""
    order = ctx.event.data.event.data.order
    undone = []

    if payment := done(ctx.failed, "charge-card"):
        await ctx.step.run("refund-card", shop.refund_card, payment)
        undone.append("refund-card")
    if reservation := done(ctx.failed, "reserve-stock"):
        await ctx.step.run("release-stock", shop.release_stock, reservation)
        undone.append("release-stock")

    ctx.log.warn(f"order {order} is rolled back: {ctx.error}", undone=undone)
    return RolledBack(order, undone)


def done(failed: FailedRun, step: str) -> Any:
    """What that step of the failed run came to; `None` if the run did not get so far, or if that is what failed."""
    try:
        return failed.step(step)
    except StepError:
        return None


plugin(place_order)
