"""Functions that have the host make requests to a host that is not granted."""

import asyncio

from stepwell import Context, StepError, function


@function(id="e21", trigger="e21/go", retries=3)
async def catch(ctx: Context) -> str | None:
    url, headers = "https://api.example.com/orders?token=secret", {"authorization": "Bearer secret"}
    fetch = ctx.step.fetch("order", url, method="POST", headers=headers)
    fetched, _ = await asyncio.gather(fetch, ctx.step.sleep("nap", "60s"), return_exceptions=True)
    return fetched.code if isinstance(fetched, StepError) else "nothing is granted"


@function(id="e21-uncaught", trigger="e21/go-uncaught", retries=3)
async def let_pass(ctx: Context) -> int:
    return (await ctx.step.fetch("get", "http://[::1]:9000/")).status
