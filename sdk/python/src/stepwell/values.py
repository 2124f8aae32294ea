"""Values on their way to the host: as JSON text."""

import json
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from .errors import SerializeError


def write(value: object, whose: str) -> str:
    """A value as JSON; `whose` names it in the error."""
    try:
        text = json.dumps(value, default=_other, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()  # half a surrogate pair is no text
    except (TypeError, ValueError, RecursionError) as error:
        raise SerializeError(f"failed to write the {whose} as JSON: {error}") from error
    return text


def plain(value: object) -> Any:
    """A value as it would come back, or its `repr` where it is no JSON."""
    try:
        return json.loads(write(value, "value"))
    except SerializeError:
        return _repr(value)


def _repr(value: object) -> str:
    try:
        return repr(value).encode("utf-8", "replace").decode()
    except Exception:
        return f"<{type(value).__name__}>"


def _other(value: object) -> object:
    """What JSON knows no form of, in the form that it has everywhere. Sets have none: they have no order."""
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
