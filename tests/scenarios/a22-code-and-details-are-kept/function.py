"""An error with a code and fields of its own."""

from stepwell import Context, FailureContext, Trigger, function


class Custom(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = "E1"
        self.extra = 1


@function(id="a22", trigger="a22/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Custom("bad")


@fail.on_failure
async def report(ctx: FailureContext) -> dict:
    return {"code": ctx.error.code, "details": ctx.error.details, "name": ctx.error.name}


failed = Trigger.event("inngest/function.failed", when="event.data.function_id == 'app-a22'")


@function(id="a22-listener", trigger=failed)
async def listen(ctx: Context) -> dict:
    error, result = ctx.event.data["error"], ctx.event.data["result"]
    return {"error.code": error["code"], "error.details": error["details"], "result.code": result["code"]}
