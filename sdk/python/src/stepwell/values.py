"""Values on their way to the host: as JSON text."""

import codecs
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, TypeVar
from uuid import UUID

from .errors import SerializeError

T = TypeVar("T")

# Calls that a document of 1,000 levels takes, which is as deep as the host lets it be.
_CALLS = 5_000


def write(value: object, whose: str) -> str:
    """Writes a value as JSON; `whose` names it in the error."""
    try:
        return text(_deep(lambda: _dump(value)))
    except (TypeError, ValueError, RecursionError) as error:
        raise SerializeError(f"failed to write the {whose} as JSON: {error}") from error


def read(json_text: str) -> Any:
    """Reads JSON that the host has bounded."""
    return _deep(lambda: json.loads(json_text))


def text(string: str) -> str:
    """Returns the text with U+FFFD for each half of a surrogate pair; a whole pair is its character."""
    try:
        string.encode()
    except UnicodeEncodeError:
        return string.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return string


MENDING = "stepwell.mending"
"""The name of an error handler that writes U+FFFD for half of a surrogate pair, for streams."""

codecs.register_error(MENDING, lambda error: ("\N{REPLACEMENT CHARACTER}" * _length(error), _end(error)))


def _length(error: UnicodeError) -> int:
    return error.end - error.start if isinstance(error, UnicodeEncodeError) else 1


def _end(error: UnicodeError) -> int:
    return error.end if isinstance(error, UnicodeEncodeError | UnicodeDecodeError) else 0


def depth(json_text: str) -> int:
    """Returns how deep arrays and objects nest in a valid JSON text."""
    level = deepest = 0
    for token in _TOKENS.finditer(json_text):
        if token[0] in "[{":
            level += 1
            deepest = max(deepest, level)
        elif token[0] in "]}":
            level -= 1
    return deepest


_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def _dump(value: object) -> str:
    return json.dumps(value, default=_other, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _deep(call: Callable[[], T]) -> T:
    """Calls a function, a second time with a deeper stack if the first was used up."""
    try:
        return call()
    except RecursionError:
        with _deeper():
            return call()


@contextmanager
def _deeper() -> Iterator[None]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + _CALLS)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def plain(value: object) -> Any:
    """A value as it would come back, or its `repr` where it is no JSON."""
    try:
        return read(write(value, "value"))
    except SerializeError:
        return _repr(value)


def _repr(value: object) -> str:
    try:
        return text(repr(value))
    except Exception:
        return f"<{type(value).__name__}>"


def _other(value: object) -> object:
    """Converts what JSON knows no form of into its usual form. Sets have no form, because they have no order."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID | Decimal | PurePath):
        return str(value)
    if callable(dump := getattr(value, "model_dump", None)):
        return dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no form in JSON")
