"""Listens to the end of `app-b1`."""

from stepwell import Context, Trigger, function

finished = Trigger.event("inngest/function.finished", when="event.data.function_id == 'app-b1'")


@function(id="b1-finished", trigger=finished)
async def report(ctx: Context) -> dict:
    return {"has_result": "result" in ctx.event.data, "result": ctx.event.data["result"]}
