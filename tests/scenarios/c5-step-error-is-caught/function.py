"""A step that always fails, and a body that catches its error."""

from stepwell import Context, FailureContext, StepError, function


class PriceError(Exception):
    """An error of the author's."""


class ParseIntError(Exception):
    """Named as in the other languages."""


@function(id="c5", trigger="c5/go", retries=2)
async def save(ctx: Context) -> int | dict:
    try:
        return await ctx.step.run("a", price)
    except StepError as error:
        return {
            "causes": [str(cause) for cause in error.causes],
            "name": error.name,
            "step": error.step_id,
            "text": f"ok:{error}",
        }


def price() -> int:
    try:
        return number("ten")
    except ParseIntError as error:
        raise PriceError("se") from error


def number(text: str) -> int:
    if not text.isdecimal():
        raise ParseIntError("invalid digit found in string")
    return int(text)


@save.on_failure
async def handle(ctx: FailureContext) -> str:
    return "never"
