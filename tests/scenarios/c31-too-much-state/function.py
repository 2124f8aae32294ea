"""Nine steps of 4 MiB, which is what each of them may have."""

from stepwell import Context, function


@function(id="c31", trigger="c31/go")
async def fill(ctx: Context) -> None:
    for _ in range(9):
        await ctx.step.run("s", lambda: "x" * ((4 << 20) - len('""')))
