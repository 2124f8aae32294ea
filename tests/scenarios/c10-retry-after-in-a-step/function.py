"""A step that asks to be retried ten minutes later."""

from stepwell import Context, RetryAfterError, attempt, function


@function(id="c10", trigger="c10/go")
async def save(ctx: Context) -> int:
    return await ctx.step.run("a", second_time)


def second_time() -> int:
    if attempt().number == 0:
        raise RetryAfterError("busy", "10m")
    return attempt().number
