"""Durations: how long something takes, as a `timedelta` or as a text such as "1h30m"."""

import re
from datetime import timedelta

Duration = timedelta | str
"""A `timedelta`, or a text of numbers with units: "500ms", "90s", "1h30m", "1.5d", "2w"."""

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|[smhdw])(?![a-z])\s*", re.ASCII | re.IGNORECASE)


def milliseconds(duration: Duration) -> float:
    """A duration in milliseconds, as the contract has times; a whole number where it is one."""
    if isinstance(duration, timedelta):
        ms = duration / timedelta(milliseconds=1)
    elif isinstance(duration, str):
        ms = _parse(duration)
    else:
        # Seconds to `asyncio.sleep`, milliseconds to Inngest: a guess would be wrong for one of the two.
        raise TypeError(f'failed to read {duration!r} as a duration: give a timedelta or a text such as "1h30m"')
    return int(ms) if ms == int(ms) else ms


def not_negative(duration: Duration) -> float:
    """The same, of what may not lie in the past."""
    if (ms := milliseconds(duration)) < 0:
        raise ValueError(f"failed to read {duration!r} as a duration: it is negative")
    return ms


def _parse(text: str) -> float:
    total, at = 0.0, 0
    while part := _PART.match(text, at):
        total += float(part[1]) * _UNITS_MS[part[2].lower()]
        at = part.end()
    if at == 0 or at < len(text):
        raise ValueError(
            f'failed to read "{text}" as a duration: it is numbers with units, as "500ms", "90s" or "1h30m"'
        )
    return total
