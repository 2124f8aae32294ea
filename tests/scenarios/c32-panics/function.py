"""The end of Python itself: in a step whose error the body would catch, and in a body."""

import os

from stepwell import Context, FailureContext, StepError, function


@function(id="c32-step", trigger="c32-step/go", retries=1)
async def in_step(ctx: Context) -> str:
    try:
        await ctx.step.run("a", os.abort)
    except StepError:
        return "caught"
    return "never"


@function(id="c32-body", trigger="c32-body/go", retries=1)
async def in_body(ctx: Context) -> None:
    os.abort()


@in_step.on_failure
@in_body.on_failure
async def report(ctx: FailureContext) -> str:
    return f"{ctx.error.kind} {ctx.error.name}: {ctx.error.message}"
