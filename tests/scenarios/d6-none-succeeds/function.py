"""Two steps side by side that both fail, where one was to succeed."""

import asyncio
import time
from typing import Any

from stepwell import Context, FailureContext, NonRetriableError, StepError, function


class TryError(NonRetriableError):
    """Why a step fails."""


class AggregateError(Exception):
    """Named as in the other languages."""

    def __init__(self, errors: list[StepError]) -> None:
        told = "; ".join(f"{error.name}: {error}" for error in errors)
        super().__init__(f"none of {len(errors)} has succeeded: {told}")
        self.errors = [{"code": error.code, "message": error.message, "name": error.name} for error in errors]


@function(id="d6", trigger="d6/go", retries=1)
async def any_of_both(ctx: Context) -> int:
    tries = [ctx.step.run(id, fail, id, seconds) for id, seconds in (("a", 0), ("b", 0.3))]
    errors = []
    for ended in asyncio.as_completed(tries):
        try:
            return await ended
        except StepError as error:
            errors.append(error)
    raise AggregateError(errors)


def fail(message: str, seconds: float) -> int:
    time.sleep(seconds)
    raise TryError(message)


@any_of_both.on_failure
async def tell(ctx: FailureContext) -> Any:
    return ctx.error.details
