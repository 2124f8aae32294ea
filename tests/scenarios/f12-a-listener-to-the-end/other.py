"""Listens to the end of `app-f12`, and fails where that run's event says so."""

from stepwell import Context, NonRetriableError, Trigger, function

finished = Trigger.event("inngest/function.finished", when="event.data.function_id == 'app-f12'")


@function(id="f12-listener", trigger=finished)
async def listen(ctx: Context) -> str:
    if ctx.event.data["event"]["data"].get("fail_listener"):
        raise NonRetriableError("told to, too")
    return ctx.event.data["_inngest"]["status"]
