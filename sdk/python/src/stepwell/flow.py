"""Flow control: how often, how many at once, and in which order a function's runs start and go on.

Keys are CEL expressions over `event`, as in `event.data.customer`; each of a key's values has the limit on its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .duration import Duration, not_negative


@dataclass(frozen=True)
class Concurrency:
    """How many execute at once. What sleeps, waits or backs off does not count."""

    limit: int
    key: str | None = None
    scope: Literal["fn", "env", "account"] = "fn"
    """The runs that count together: the function's, or those of all functions that name the same value; those need a key."""

    def options(self) -> dict[str, Any]:
        return _given(limit=self.limit, key=self.key, scope=self.scope)


@dataclass(frozen=True)
class Throttle:
    """How often runs start, evenly, in a period of 1 second to 7 days; further ones wait for their turn."""

    limit: int
    period: Duration
    burst: int | None = None
    """So many may start at once."""
    key: str | None = None

    def options(self) -> dict[str, Any]:
        return _given(limit=self.limit, period_ms=_whole(self.period), burst=self.burst, key=self.key)


@dataclass(frozen=True)
class RateLimit:
    """How often a function starts at most, in a period of at most 24 hours; further events start nothing."""

    limit: int
    period: Duration
    key: str | None = None
    """`false` has no limit."""

    def options(self) -> dict[str, Any]:
        return _given(limit=self.limit, period_ms=_whole(self.period), key=self.key)


@dataclass(frozen=True)
class Debounce:
    """A run starts when no event has come for a period of 1 second to 7 days, with the last one."""

    period: Duration
    timeout: Duration | None = None
    """But no longer than this after the first one."""
    key: str | None = None

    def options(self) -> dict[str, Any]:
        return _given(period_ms=_whole(self.period), timeout_ms=_whole(self.timeout), key=self.key)


@dataclass(frozen=True)
class Batch:
    """Gathers many events into a run: the context's `events`."""

    max_size: int
    """The number of events with which the run starts, 2 to 100."""
    timeout: Duration | None = None
    """Or this long, 1 second to 10 minutes, after the first; a minute unless told."""
    key: str | None = None
    when: str | None = None
    """Only events of which this CEL expression over `event` is true; others have runs of their own, at once."""

    def options(self) -> dict[str, Any]:
        options = _given(max_size=self.max_size, timeout_ms=_whole(self.timeout), key=self.key)
        return options | _given(**{"if": self.when})


@dataclass(frozen=True)
class Singleton:
    """Allows a single unended run: a second one is skipped, or takes the place of the first, which is cancelled."""

    mode: Literal["skip", "cancel"] = "skip"
    key: str | None = None
    """`false` has no such limit."""

    def options(self) -> dict[str, Any]:
        return _given(mode=self.mode, key=self.key)


@dataclass(frozen=True)
class Timeouts:
    """When a run is cancelled for taking too long."""

    start: Duration | None = None
    """The longest time from when the run could begin until it does."""
    finish: Duration | None = None
    """The longest time of the run from when it is first executed."""

    def options(self) -> dict[str, Any]:
        return _given(start_ms=_whole(self.start), finish_ms=_whole(self.finish))


@dataclass(frozen=True)
class CancelOn:
    """An event that cancels a run."""

    event: str
    match: str | None = None
    """A field, such as `data.order`, that is to be equal in the event that started the run and in the one that came."""
    when: str | None = None
    """CEL over `event`, which started the run, and `async`, which has come."""
    timeout: Duration | None = None
    """How long after the run's creation it is heard; always unless given."""

    def options(self) -> dict[str, Any]:
        timeout_ms = None if self.timeout is None else not_negative(self.timeout)
        return _given(event=self.event, match=self.match, timeout_ms=timeout_ms) | _given(**{"if": self.when})


def limits(given: int | Concurrency | Sequence[Concurrency]) -> list[dict[str, Any]]:
    """The limits of a function, of which a number is the plainest."""
    if isinstance(given, int):
        return [Concurrency(given).options()]
    return [limit.options() for limit in ([given] if isinstance(given, Concurrency) else given)]


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _whole(duration: Duration | None) -> int | None:
    return None if duration is None else round(not_negative(duration))
