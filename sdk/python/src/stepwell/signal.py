"""Signals: messages that are meant for one run."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Signal:
    """A signal that has come."""

    signal: str
    """Its name."""
    data: Any
