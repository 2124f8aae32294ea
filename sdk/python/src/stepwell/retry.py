"""How often and after what delays something is tried again."""

from dataclasses import dataclass
from typing import Any

from .duration import Duration, not_negative


@dataclass(frozen=True)
class Backoff:
    """The delays between attempts. Made by `constant`, `exponential` or `table`."""

    _options: dict[str, Any]

    @staticmethod
    def constant(delay: Duration) -> "Backoff":
        """The same delay each time, at most a day; zero tries again at once."""
        return Backoff({"kind": "constant", "ms": not_negative(delay)})

    @staticmethod
    def exponential(first: Duration, factor: float = 2, max: Duration = "1d") -> "Backoff":
        """A first delay, and `factor` times as long after each failure, up to `max`, which is at most a day."""
        first_ms, max_ms = not_negative(first), not_negative(max)
        return Backoff({"kind": "exponential", "first_ms": first_ms, "factor": factor, "max_ms": max_ms})

    @staticmethod
    def table() -> "Backoff":
        """15 s, 30 s, 1 min, 2 min, 5 min, 10 min, 20 min, 40 min, 1 h, then 2 h, up to 30 s later: the default."""
        return Backoff({"kind": "table"})


@dataclass(frozen=True)
class Retry:
    """How a function, or one step, is retried. What is not said is as it was."""

    retries: int | None = None
    backoff: Backoff | None = None
    jitter: Duration | None = None

    def options(self) -> dict[str, Any]:
        """As `wit/function-options.schema.json` and `wit/found-options.schema.json` have them."""
        options: dict[str, Any] = {}
        if self.retries is not None:
            options["retries"] = self.retries
        if self.backoff is not None:
            options["backoff"] = self.backoff._options
        if self.jitter is not None:
            options["jitter_ms"] = not_negative(self.jitter)
        return options


BY_FUNCTION = Retry()
"""As the function says, or, for a function, as is usual."""
