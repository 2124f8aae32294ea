"""Two steps that each fail once, with one retry."""

from stepwell import Context, attempt, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="c15", trigger="c15/go", retries=1)
async def both(ctx: Context) -> tuple[str, str]:
    a = await ctx.step.run("a", second_time)
    b = await ctx.step.run("b", second_time)
    return a, b


def second_time() -> str:
    if attempt().number == 0:
        raise Error("not yet")
    return f"at attempt {attempt().number}"
