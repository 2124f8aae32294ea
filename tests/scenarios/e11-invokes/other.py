"""A listener to the end of what was invoked: its event names the operation that waits for it."""

from stepwell import Context, Trigger, function

invoked = Trigger.event("inngest/function.finished", when="event.data.function_id == 'app-e11-double'")


@function(id="e11-ends", trigger=invoked)
async def tell(ctx: Context) -> dict:
    _, _, operation = ctx.event.data["correlation_id"].partition(".")
    return {"operation": operation, "status": ctx.event.data["_inngest"]["status"]}
