"""Steps side by side that write to the log, one of them at two attempts."""

import asyncio
import time

from stepwell import Context, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="c36", trigger="c36/go")
async def talk(ctx: Context) -> None:
    ctx.log.info("begins")

    def say(name: str, delay_s: float) -> None:
        for n in range(3):
            ctx.log.info(f"{name} says {n}")
        time.sleep(delay_s)
        if name == "b" and ctx.attempt == 0:
            raise Error("once more")

    await asyncio.gather(*(ctx.step.run(name, say, name, n * 0.3) for n, name in enumerate("abc")))
    ctx.log.info("ends")
