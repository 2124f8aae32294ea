"""Errors that are not worth a retry: the SDK's own, and one of the author's that is one."""

from stepwell import Context, NonRetriableError, function


class MyNR(NonRetriableError):
    """One of the author's."""


@function(id="a6", trigger="a6/go")
async def no_use(ctx: Context) -> None:
    raise NonRetriableError("no use")


@function(id="a8", trigger="a8/go")
async def gone(ctx: Context) -> None:
    raise MyNR("gone for good")
