"""When a failed attempt is tried again: the host's delays, without their jitter."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..failure import Advice

RETRIES_MAX = 20
_TABLE_S = (15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200)
_SECOND_MS, _DAY_MS = 1_000.0, 86_400_000.0


@dataclass(frozen=True)
class Policy:
    """How often, and after what delays."""

    retries: int = 4
    backoff: Mapping[str, Any] = field(default_factory=lambda: {"kind": "table"})

    def overridden(self, options: Mapping[str, Any]) -> "Policy":
        """The same, but for what the options of a function or a step say."""
        retries = min(options.get("retries", self.retries), RETRIES_MAX)
        return replace(self, retries=retries, backoff=options.get("backoff", self.backoff))

    @property
    def max_attempts(self) -> int:
        """The first attempt does not count as a retry."""
        return self.retries + 1

    def delay_after(self, attempt: int, advice: Advice) -> float | None:
        """In milliseconds, behind that attempt (0-based); `None`: it was the last."""
        if advice.never or attempt + 1 >= self.max_attempts:
            return None
        if advice.after_ms is not None:
            # In whole seconds, rounded up, as the host has it.
            whole = math.ceil(max(advice.after_ms, 0) / _SECOND_MS) * _SECOND_MS
            return min(max(whole, _SECOND_MS), _DAY_MS)
        return _delay(self.backoff, attempt)


def _delay(backoff: Mapping[str, Any], attempt: int) -> float:
    if backoff["kind"] == "constant":
        return float(backoff["ms"])
    if backoff["kind"] == "exponential":
        return min(float(backoff["first_ms"]) * float(backoff["factor"]) ** attempt, float(backoff["max_ms"]))
    return _TABLE_S[min(attempt, len(_TABLE_S) - 1)] * _SECOND_MS
