"""Errors: what code raises to speak to the retry policy, and what it may have to catch."""

from datetime import UTC, datetime
from typing import Any

from .duration import Duration, milliseconds
from .failure import Advice, Cause, Failure, Key, Kind, rebuilt


class NonRetriableError(Exception):
    """An error that is not worth a retry: the step, or the run, fails at once.

    Only as the error itself, as in Inngest: an error that has one as its cause is retried.
    """


class RetryAfterError(Exception):
    """An error to be retried after a time of its own, not the policy's; the host clips it to 1 second … 24 hours.

    Only as the error itself, as in Inngest: an error that has one as its cause is retried as the policy says.
    """

    def __init__(self, message: str, retry_after: Duration | datetime) -> None:
        super().__init__(message)
        if isinstance(retry_after, datetime):
            self._after_ms = milliseconds(retry_after.astimezone(UTC) - datetime.now(UTC))
        else:
            self._after_ms = milliseconds(retry_after)

    @property
    def advice(self) -> Advice:
        """The failure that the host is told."""
        return Advice(after_ms=self._after_ms)


class DeserializeError(NonRetriableError):
    """Data that does not fit the type that the code asks for."""


class SerializeError(NonRetriableError):
    """A value that cannot be JSON."""


class StepIdError(NonRetriableError):
    """An operation whose id is no text, or an empty one."""


class NestedStepError(NonRetriableError):
    """An operation that was reached inside a step's closure."""

    def __init__(self, outer: str, inner: str) -> None:
        super().__init__(
            f'step "{outer}" reached operation "{inner}" inside its closure: a step is one unit, so end it and start '
            "the other after it"
        )


class StalledError(NonRetriableError):
    """Code that awaits what never comes."""


class HttpStatusError(NonRetriableError):
    """A response whose status is no success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the response's status is {status}")
        self.code = str(status)


class NoSocketsError(OSError):
    """The code wants more of a socket than requests of HTTP."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__("a plugin has no sockets: use ctx.step.fetch, or a client that speaks HTTP")


class StepError(Exception):
    """How a step ended that failed for good: what awaiting it raises.

    When it is *the* error that ends the body, the run fails at once, since the step has already used its retries; a
    body that fails with another error which merely has it as its cause is retried.
    """

    def __init__(self, step: Key, failure: Failure) -> None:
        super().__init__(failure.message)
        self.step = step
        """The step that failed, as `id` and `n`."""
        self.failure = failure
        """All that is known of the error."""
        if failure.causes:
            cause, *further = failure.causes
            self.__cause__ = rebuilt(cause.name, cause.message, cause.stack, cause.code, cause.details, further)

    @property
    def step_id(self) -> str:
        """The id of the step that failed."""
        return self.step.id

    @property
    def kind(self) -> Kind:
        """The kind of failure."""
        return self.failure.kind

    @property
    def name(self) -> str:
        """The type name of the error that the step raised, as "SoldOut"."""
        return self.failure.name

    @property
    def message(self) -> str:
        """The message of that error."""
        return self.failure.message

    @property
    def code(self) -> str | None:
        """The code its author gave it."""
        return self.failure.code

    @property
    def details(self) -> Any:
        """Its custom attributes."""
        return self.failure.details

    @property
    def stack(self) -> str | None:
        """Its traceback."""
        return self.failure.stack

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The errors behind it, outermost first."""
        return self.failure.causes
