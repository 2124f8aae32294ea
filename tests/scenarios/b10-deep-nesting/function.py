"""A document of many levels: as a step's result, as an event, as an error's details, and one that is too deep."""

from typing import Any

from stepwell import Context, StepError, function


class DeepError(Exception):
    """Has fields of its own."""

    def __init__(self, message: str, order: int, doc: Any) -> None:
        super().__init__(message)
        self.order = order
        self.doc = doc


def nested(levels: int) -> Any:
    value: Any = "core"
    for _ in range(levels):
        value = [value]
    return value


def depth_of(value: Any) -> int:
    levels = 0
    while isinstance(value, list):
        value = value[0]
        levels += 1
    return levels


@function(id="b10", trigger="b10/go", retries=0)
async def send(ctx: Context) -> None:
    doc = await ctx.step.run("deep", nested, 990)
    await ctx.step.send_event("send", "b10/deep", {"doc": doc})
    try:
        await ctx.step.run("too-deep", nested, 1_001)
    except StepError as error:
        message = error.message
    await ctx.step.run("says", lambda: "nested deeper than 1000 levels" in message)
    raise DeepError("with details", 7, nested(1_200))


@function(id="b10-depth", trigger="b10/deep")
async def depth(ctx: Context) -> int:
    return depth_of(ctx.event.data["doc"])
