"""A function with two triggers for one event, and others with filters on what is not there."""

from stepwell import Context, Trigger, function


@function(id="g20", trigger=["g20/go", "g20/*"])
async def once(ctx: Context) -> str:
    return "once"


@function(id="g21", trigger=Trigger.event("g21/go", when="event.data.product.price > 3"))
async def never(ctx: Context) -> str:
    return "never"


@function(id="g21-or", trigger=Trigger.event("g21/go", when="event.data.product.price > 3 || event.data.n + 0.5 > 3"))
async def either(ctx: Context) -> str:
    return "for what is there"


@function(id="g21-undecided", trigger=Trigger.event("g21/go", when="event.data.n"))
async def undecided(ctx: Context) -> str:
    return "never"
