"""Two functions that fail, one of them with a failure handler that fails as well."""

from stepwell import Context, FailureContext, NonRetriableError, function


class Error(Exception):
    """Named as in the other languages."""


@function(id="f11", trigger="f11/go", retries=0)
async def fail(ctx: Context) -> None:
    raise Error("one")


@fail.on_failure
async def fail_too(ctx: FailureContext) -> None:
    raise NonRetriableError("the handler, too")


@function(id="f11-other", trigger="f11-other/go", retries=0)
async def other(ctx: Context) -> None:
    raise Error("two")
