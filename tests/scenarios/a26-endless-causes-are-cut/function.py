"""Errors with more causes than anyone reads."""

from collections.abc import Iterator

from stepwell import Context, FailureContext, FunctionError, function


class Error(Exception):
    """Named as in the other languages."""


class Link(Exception):
    """The first of a chain."""


class Circle(Exception):
    """One that is its own cause."""


@function(id="a26", trigger="a26/go", retries=0)
async def chain(ctx: Context) -> None:
    cause = None
    for number in range(100, 0, -1):
        error = Error(f"link {number}")
        error.__cause__ = cause
        cause = error
    raise Link("link 0") from cause


@chain.on_failure
async def report(ctx: FailureContext) -> dict:
    return {
        "error": len(ctx.error.causes),
        "event": sum(1 for _ in behind(ctx.event.data.error)),
        "last": ctx.error.causes[-1].message,
    }


def behind(error: FunctionError) -> Iterator[FunctionError]:
    while error.cause:
        error = error.cause
        yield error


@function(id="a26-circle", trigger="a26-circle/go", retries=0)
async def circle(ctx: Context) -> None:
    error = Circle("in a circle")
    raise error from error
