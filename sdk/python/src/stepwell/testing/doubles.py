"""Doubles: what a test has an operation come to instead of its code, its faults and its crashes."""

import json as json_module
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..failure import Failure
from ..fetch import decoded

Error = BaseException | type[BaseException] | Failure


@dataclass(frozen=True)
class Request:
    """A request that a function asks the host for: what a mock of it is called with."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body, read as JSON."""
        return json_module.loads(self.body)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Request":
        """The request that `step.fetch` has planned."""
        return cls(options["method"], options["url"], options.get("headers", {}), decoded(options))


@dataclass
class _Fault:
    error: Error
    times: int | None


@dataclass
class Doubles:
    """By the ids of operations, whatever run they are of."""

    mocks: dict[str, Any] = field(default_factory=dict)
    _faults: dict[str, list[_Fault]] = field(default_factory=dict)
    _crashes: dict[str, int] = field(default_factory=dict)

    def has(self, id: str) -> bool:
        """Whether the test has said what it comes to."""
        return id in self.mocks or bool(self._faults.get(id))

    def come_to(self, id: str, *input: Any, **named: Any) -> Any:
        """Returns the result of the operation's mock, given its input."""
        mock = self.mocks[id]
        return mock(*input, **named) if callable(mock) else mock

    def fail(self, id: str, error: Error, times: int | None) -> None:
        """The next attempts of the operation fail; all without a number."""
        self._faults.setdefault(id, []).append(_Fault(error, times))

    def crash(self, id: str, times: int) -> None:
        """The instance is lost the next times that the step's code has run."""
        self._crashes[id] = self._crashes.get(id, 0) + times

    def take_fault(self, id: str) -> Error | None:
        """The error of the attempt that begins, if it is to fail."""
        faults = self._faults.get(id)
        if not faults:
            return None
        first = faults[0]
        if first.times is not None:
            first.times -= 1
            if first.times <= 0:
                faults.pop(0)
        return first.error

    def take_crash(self, id: str) -> bool:
        """Whether the instance is lost now."""
        left = self._crashes.get(id, 0)
        self._crashes[id] = max(left - 1, 0)
        return left > 0
