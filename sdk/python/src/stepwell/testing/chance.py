"""Chance: a body draws the same in each of its passes, restarted at each result, as on the host."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

_REAL = os.urandom


class Chance:
    """The bytes of `os.urandom`, and all that Python makes of them, while a run's code executes."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.is_real = False
        """Inside a step, which is not replayed."""
        self.restart(0)

    def restart(self, delivered: int) -> None:
        """At a result: so many have been delivered."""
        self._generator = random.Random(f"{self._seed} {delivered}")

    def draw(self, size: int) -> bytes:
        return _REAL(size) if self.is_real else self._generator.randbytes(size)

    @contextmanager
    def reigning(self) -> Iterator[None]:
        """While it lasts; afterwards the test's own `random` goes on as it was."""
        state = random.getstate()
        try:
            with mock.patch("os.urandom", self.draw):
                yield
        finally:
            random.setstate(state)
