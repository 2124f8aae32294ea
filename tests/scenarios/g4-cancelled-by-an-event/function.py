"""Functions that events cancel: by a field, by an expression and for a minute only, and by what started them."""

from stepwell import CancelOn, Context, FailureContext, function


@function(id="g4", trigger="g4/go", cancel_on=CancelOn("g4/stop", match="data.id"))
async def by_a_field(ctx: Context) -> None:
    await ctx.step.sleep("nap", "10m")


@by_a_field.on_failure
async def handle(ctx: FailureContext) -> str:
    return "a cancelled run is no failed run"


@function(
    id="g4-minute",
    trigger="g4/go-minute",
    cancel_on=CancelOn("g4/stop", when="async.data.id > event.data.id", timeout="1m"),
)
async def for_a_minute(ctx: Context) -> None:
    await ctx.step.sleep("nap", "10m")


@function(id="g4-itself", trigger="g4/itself", cancel_on=CancelOn("g4/itself"))
async def by_what_started_it(ctx: Context) -> None:
    await ctx.step.sleep("nap", "10m")
