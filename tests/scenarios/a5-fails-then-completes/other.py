"""Listens to the end of `app-a5`."""

from stepwell import Context, Trigger, function

finished = Trigger.event("inngest/function.finished", when="event.data.function_id == 'app-a5'")


@function(id="a5-finished", trigger=finished)
async def report(ctx: Context) -> dict:
    data = ctx.event.data
    return {"has_error": "error" in data, "result": data["result"], "status": data["_inngest"]["status"]}
