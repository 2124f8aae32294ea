"""An error that has a cause that has a cause."""

from collections.abc import Iterator

from stepwell import Context, FailureContext, FunctionError, function


class Error(Exception):
    """Named as in the other languages."""


class ParseIntError(Exception):
    """Named as in the other languages."""


@function(id="a25", trigger="a25/go", retries=0)
async def run(ctx: Context) -> int:
    try:
        return row("ten")
    except Error as error:
        raise ImportError("import failed") from error


def row(cell: str) -> int:
    try:
        return number(cell)
    except ParseIntError as error:
        raise Error("row 3") from error


def number(text: str) -> int:
    if not text.isdecimal():
        raise ParseIntError("invalid digit found in string")
    return int(text)


@run.on_failure
async def report(ctx: FailureContext) -> dict:
    return {
        "error": [str(cause) for cause in ctx.error.causes],
        "event": [str(cause) for cause in behind(ctx.event.data.error)],
    }


def behind(error: FunctionError) -> Iterator[FunctionError]:
    while error.cause:
        error = error.cause
        yield error
